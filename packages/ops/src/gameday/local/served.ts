import { randomBytes } from 'node:crypto';
import type { Emit } from '../../records/record.ts';
import type { Modules } from './modules.ts';
import { perRegion, REGIONS, type RegionName } from './names.ts';

/** What stays the same over all drills of a run, so that a page can stay open. */
export interface Addresses extends Disposable {
  readonly ports: Readonly<Record<RegionName, number>>;
  /** Of the operator doors. It is made for one run, and the doors are on this machine alone. */
  readonly operatorToken: string;
}

export async function createAddresses({ reservePorts }: Pick<Modules, 'reservePorts'>): Promise<Addresses> {
  const { ports, release } = await reservePorts(REGIONS.length);
  return {
    ports: perRegion((name) => ports[REGIONS.indexOf(name)] as number),
    operatorToken: randomBytes(32).toString('base64url'),
    [Symbol.dispose]: release,
  };
}

/** Says where a person looks. Not for a journal: it has the token. */
export function tellAddresses({ ports, operatorToken }: Addresses, emit: Emit): void {
  const tell = (where: string, evidence: string): void =>
    emit({ type: 'step', name: 'serve', where, state: 'started', evidence });
  for (const region of REGIONS) {
    tell(region, `http://127.0.0.1:${ports[region]}/operator/status and /operator/events, /drill/status`);
  }
  tell('fleet', `the operator doors take Authorization: Bearer ${operatorToken}`);
}
