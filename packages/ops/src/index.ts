export { defineOperations, type OperationsConfig, type RegionConfig } from './config/config.ts';
export type { FailoverConfig, Hook } from './config/failover-config.ts';
export type { GamedayConfig } from './config/gameday-config.ts';
export type { Secret } from './config/secret.ts';
export { OpsError, type OpsErrorCode } from './errors.ts';
export { EXIT, type ExitCode } from './exit-codes.ts';
export type { Finding, Level, OpsRecord, Progress, Result, Step } from './records/record.ts';
