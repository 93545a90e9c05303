import { list, members, number, type Shape, text } from '../doctor/shape.ts';

/** The limits of one pool, as the operator door shows them. A time of 0 means that there is none. */
export interface PoolLimits {
  /** `eu-west-1/0`. */
  readonly where: string;
  readonly max: number | undefined;
  readonly keepAlive: boolean;
  readonly connectionTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** @throws {ShapeError} Something else answered. */
export const readPoolLimits: Shape<readonly PoolLimits[]> = list((given: unknown): PoolLimits => {
  const { where, max, keepAlive, connectionTimeoutMs, queryTimeoutMs, statementTimeoutMs } = members(given);
  return {
    where: text(where),
    max: max === undefined ? undefined : number(max),
    keepAlive: keepAlive === true,
    connectionTimeoutMs: number(connectionTimeoutMs),
    queryTimeoutMs: number(queryTimeoutMs),
    statementTimeoutMs: number(statementTimeoutMs),
  };
});
