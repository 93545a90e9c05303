import type { Operations } from '../../config/check-config.ts';
import type { Adapter } from './adapter.ts';
import { patroniAdapter } from './patroni.ts';
import { postgresAdapter } from './postgres.ts';

export function makeAdapter(config: Operations): Adapter {
  return config.failover.adapter === 'patroni' ? patroniAdapter(config) : postgresAdapter(config);
}
