/**
 * What speaks against an address as one that GitHub can send to, as far as the address alone tells.
 * Whether it really is one, only a delivery that came says.
 */

/** Names that mean something only inside a network. */
const INSIDE = /(?:^|\.)(?:localhost|local|lan|internal|intranet|home\.arpa|test)$/;

/** Addresses that mean something only inside a network: loopback, private, link-local, shared. */
const PRIVATE =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|^\[(?:::1?\]|f[cd]|fe[89ab])/;

/** Why GitHub, on the internet, can't reach `address`; null where nothing speaks against it. */
export function doubt(address: string): string | null {
  let host;
  try {
    host = new URL(address).hostname;
  } catch {
    return 'That is no address.';
  }
  if (INSIDE.test(host) || PRIVATE.test(host)) {
    return `\`${host}\` is an address inside your network: GitHub can’t reach it.`;
  }
  if (!host.includes('.') && !host.startsWith('[')) {
    return `\`${host}\` is a name that only your network knows: GitHub can’t reach it.`;
  }
  return null;
}
