import type { Secret } from './secret.ts';

/**
 * A hook for a system outside: a command, which gets the JSON on its standard input, or an address, to which
 * the JSON is posted. A hook that fails is reported.
 */
export type Hook = { readonly timeoutSeconds?: number } & (
  | { readonly command: readonly string[] }
  | { readonly webhook: Secret }
);

/** How a failover is done here. */
export interface FailoverConfig {
  /**
   * `postgres`: `pg_promote()`. `patroni`: its REST interface (`regions[…].patroni`). `rds`: read replicas of Amazon RDS
   * for PostgreSQL (`regions[…].rds`). @default 'postgres'
   */
  readonly adapter?: 'postgres' | 'patroni' | 'rds';
  /** `user:password` of Patroni's REST interface, where it asks for one. */
  readonly patroniLogin?: Secret;
  /**
   * In a switchover the operator doors (`operatorToken`) hold the writes of the app so long, at the most, in seconds: at most
   * 60. 0: they do not. @default 30
   */
  readonly pauseSeconds?: number;
  /** The roles with which the app logs in, besides those of `regions[…].app`. The fence takes their logins. @default [] */
  readonly appRoles?: readonly string[];
  readonly hooks?: {
    /**
     * Cuts the lost region off: a security group, the power of a machine. Proved afterwards, where the server answers. In a
     * failover, one that fails while no server of the region can be reached is a warning; `--require-fence` stops there.
     */
    readonly fence?: readonly Hook[];
    /** Of a switchover: the app stops writing, and goes on writing. */
    readonly pause?: readonly Hook[];
    readonly resume?: readonly Hook[];
    /**
     * Asks for capacity: gets `{ region, current, wanted }`, once for each region but the lost one, and is not waited for.
     * Needs `regions[…].capacity` of every region.
     */
    readonly scale?: readonly Hook[];
    /** Status page, incident, the person on call. They never block the failover. */
    readonly told?: readonly Hook[];
    /** Makes a standby of the old primary. Only with `--rebuild`. */
    readonly rebuild?: readonly Hook[];
  };
}
