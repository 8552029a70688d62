import { count, shortImage } from '~/lib/text';

const DONE: Record<string, string> = { '+': 'made', '~': 'changed', '-': 'removed' };
const ACTION = /^([+~-]) (service|network|config|secret|volume|image) (\S+)(?: (\S+) (.+))?$/;

/** "x2", "job x2 anew", "on every node": how many tasks the plan gives a service. */
const tasks = (text: string): string =>
  text
    .replace(/^job x(\d+)/, (_, many: string) => `${count(Number(many), 'task')} of a job`)
    .replace(/^x(\d+)/, (_, many: string) => count(Number(many), 'task'))
    .replace(/^job on/, 'a job on')
    .replace(/ anew$/, ', anew');

/**
 * What Berth did to a stack, as an act tells it: lines of a plan with commas between them. In words,
 * or undefined where anything among it is no such line.
 */
export function planWords(detail: string): string | undefined {
  const words: string[] = [];
  for (const part of detail.split(', ')) {
    const [, sign = '', kind, name, image, many] = ACTION.exec(part) ?? [];
    if (kind) {
      const what = image && many ? ` (${shortImage(image)}, ${tasks(many)})` : '';
      words.push(`${DONE[sign]} the ${kind} \`${name}\`${what}`);
    } else if (words.length > 0 && /^and \d+ more$/.test(part)) {
      words.push(part);
    } else return undefined;
  }
  return words.join(', ');
}
