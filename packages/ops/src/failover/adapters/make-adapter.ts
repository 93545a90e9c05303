import type { Operations } from '../../config/check-config.ts';
import type { Adapter } from './adapter.ts';
import { postgresAdapter } from './postgres.ts';

export function makeAdapter(config: Operations): Adapter {
  return postgresAdapter(config);
}
