import type { Setting, SettingTopic } from '~/api/schema.gen';

/** The settings by what they are about, in the server's order. */
export function facts(items: readonly Setting[]): [SettingTopic, Setting[]][] {
  const topics = new Map<SettingTopic, Setting[]>();
  for (const setting of items) {
    topics.set(setting.topic, [...(topics.get(setting.topic) ?? []), setting]);
  }
  return [...topics];
}
