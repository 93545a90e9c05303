import { OpsError } from '../../errors.ts';
import type { Session } from '../servers/session.ts';

/** Without its table the list would be empty, and say that no client has to be told. @throws {OpsError} `ERR_OPS_USAGE` */
export async function checkLedger(old: Session): Promise<void> {
  if (await hasLedger(old)) return;
  throw new OpsError('ERR_OPS_USAGE', '--ledger: the old primary has no table regionkit.ledger in this database');
}

export async function hasLedger(session: Session): Promise<boolean> {
  const [row] = await session.query<{ found: string | null }>(`SELECT to_regclass('regionkit.ledger')::text AS found`);
  return row?.found != null;
}
