/** What `DescribeDBInstances` says of one instance, as far as a promotion depends on it. */
export interface RdsInstance {
  /** `available`, `modifying`, `rebooting`, … */
  readonly status: string;
  readonly engine: string;
  /** Whether it is a read replica: it has a source. A promotion takes the source away. */
  readonly isReplica: boolean;
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Why RDS would not promote an instance. `passes`: it is expected while RDS promotes. */
export interface RdsObjection {
  readonly why: string;
  readonly passes: boolean;
}

/** What is against a standby as the one to promote. Pure. */
export function objectToReplica({ status, engine, isReplica }: RdsInstance): RdsObjection | undefined {
  if (engine !== 'postgres') {
    return { why: `its engine is ${word(engine)}, and only RDS for PostgreSQL can be promoted here`, passes: false };
  }
  if (!isReplica)
    return { why: 'it is no read replica: it was promoted before, or its promotion is under way', passes: true };
  if (status !== 'available') return { why: `its status is ${word(status)}, not available`, passes: true };
  return undefined;
}

/** A promotion is over when the instance has no source, and has restarted. Says what it waits for. Pure. */
export function promotionUnderWay({ status, isReplica }: RdsInstance): string | undefined {
  if (isReplica) return 'RDS still calls it a read replica';
  return status === 'available' ? undefined : `its status is ${word(status)}`;
}

/** Only a word of RDS's own alphabet is repeated. */
const word = (given: string): string => (/^[a-z0-9-]{1,40}$/.test(given) ? given : 'unknown');
