import pg, { type Client, type Pool, type PoolConfig } from 'pg';

/** The app's own client class, so that its TLS, its type of stream and its password function hold for what is opened beside its pool. */
export function clientClass(pool: Pool): new (config: PoolConfig) => Client {
  return ((pool as unknown as { Client?: new (config: PoolConfig) => Client }).Client ?? pg.Client) as never;
}
