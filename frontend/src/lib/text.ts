/** The first line of a commit message. */
export const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

export const shortSha = (sha: string): string => sha.slice(0, 7);

/** "refs/heads/main", "refs/tags/v1" and "refs/pull/7/head" as people write them. */
export const shortRef = (ref: string): string =>
  ref.replace(/^refs\/(heads|tags)\//, '').replace(/^refs\/pull\/(\d+)\/\w+$/, '#$1');

/** A link target that came from outside, if it is one that may be followed. */
export function safeUrl(url: string): string | undefined {
  try {
    const { protocol, href } = new URL(url);
    return protocol === 'http:' || protocol === 'https:' ? href : undefined;
  } catch {
    return undefined;
  }
}

/** "http://shop.localhost/" → "shop.localhost". */
export const bareUrl = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '');

/** The shortest address first: api.shop.localhost belongs to shop.localhost, not the other way. */
export const mainFirst = (urls: readonly string[]): string[] =>
  urls.toSorted((a, b) => a.length - b.length || a.localeCompare(b));

/** "berth/shop-web:0123456789ab" → "shop-web:0123456789ab". */
export const shortImage = (image: string): string =>
  (image.split('@', 1)[0] ?? image).replace(/^.*\//, '');

/**
 * "8080:80/tcp", "53:53/udp" → "Ports 8080, 53/udp": where a service answers on every node. Where
 * Swarm chooses the number, as in "80/tcp", only that of the container is known.
 */
export function portsText(ports: readonly string[]): string | undefined {
  if (ports.length === 0) return undefined;
  const words = ports.map((port) =>
    port.replace(/^(\d+):\d+(?:\/tcp)?$/, '$1').replace(/:\d+/, ''),
  );
  return `${ports.length === 1 ? 'Port' : 'Ports'} ${words.join(', ')}`;
}

/** "1 stack", "2 stacks". */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A path inside this UI to come back to; anything else becomes the front page. */
export function localPath(path: string | undefined): string {
  return path && /^\/(?![/\\])/.test(path) ? path : '/';
}

/** What a caught value has to say. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'Something failed, and did not say what.';
}

/** A sentence as one that stands by itself begins: the server's go on from something. */
export const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The same of a reason, which may begin with a service: a name stays as it is written. */
export const asReason = (text: string): string =>
  /^[\w.-]+: /.test(text) ? text : asSentence(text);
