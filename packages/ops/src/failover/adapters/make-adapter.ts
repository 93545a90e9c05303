import type { Operations } from '../../config/check-config.ts';
import type { Adapter } from './adapter.ts';
import { patroniAdapter } from './patroni.ts';
import { postgresAdapter } from './postgres.ts';
import { rdsAdapter } from './rds/rds.ts';

export function makeAdapter(config: Operations): Adapter {
  return { postgres: postgresAdapter, patroni: patroniAdapter, rds: rdsAdapter }[config.failover.adapter](config);
}
