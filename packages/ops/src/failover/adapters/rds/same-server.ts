import { lookup } from 'node:dns/promises';

/** Whether two host names lead to one server: they are equal, or have an address in common. */
export async function isSameHost(one: string, other: string): Promise<boolean> {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const [ours, theirs] = await Promise.all([addresses(one), addresses(other)]);
  return ours.some((address) => theirs.includes(address));
}

async function addresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}
