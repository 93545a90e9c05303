export type { TailDrop, TailWait } from './decide-tick.ts';
export type { TailEvents } from './events.ts';
export type { TailKeeperOptions } from './options.ts';
export { type TailSqlOptions, tailDropSql, tailSql } from './sql.ts';
export { createTailKeeper, type TailKeeper } from './tail-keeper.ts';
export type { TailHealth, TailStatus } from './tail-status.ts';
