import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Node } from './cluster.ts';
import { type Programs, treeBelow } from './programs.ts';

/** The role and the database of the app, as every cluster here has them. */
export const APP_SQL = ['create role app login', 'grant pg_monitor to app', 'create database app owner app'] as const;

export const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;

export const urlOf = (port: number): string => `postgres://app@127.0.0.1:${port}/app`;

/** The processes of the server of a data directory, while it runs. */
export function postgresOf(dataDirectory: string): number[] {
  const file = join(dataDirectory, 'postmaster.pid');
  return existsSync(file) ? treeBelow(Number(readFileSync(file, 'utf8').split('\n', 1)[0])) : [];
}

/** Starts and stops the server of a data directory past its agent. */
export function serverOf(
  programs: Programs,
  { bin, data, port }: { readonly bin: string; readonly data: string; readonly port: number },
): Pick<Node, 'startServer' | 'stopServer'> {
  const control = (...args: readonly string[]): Promise<string> =>
    programs.run(join(bin, 'pg_ctl'), ['-D', data, '-w', ...args]);
  return {
    startServer: async () => {
      // Its agent may have made a standby of it.
      rmSync(join(data, 'standby.signal'), { force: true });
      await control('-o', `-p ${port}`, '-l', `${data}-server.log`, 'start');
    },
    stopServer: async () => void (await control('-m', 'fast', 'stop')),
  };
}

/** Runs statements as the superuser, one after another. */
export async function asSuperuser(port: number, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** How many standbys stream from a primary, as that says itself: a manager's word may be seconds old. */
export async function standbysOf(node: Pick<Node, 'url'>): Promise<number> {
  const streaming = `select count(*)::int as value from pg_stat_replication where state = 'streaming'`;
  return (await ask<number>(node, `${streaming} and not pg_is_in_recovery()`)) ?? 0;
}

/** Whether the control file of a promoted server names its timeline: pg_rewind goes by that. */
export async function hasCheckpoint(node: Pick<Node, 'url'>): Promise<boolean> {
  const written = `('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int`;
  return (await ask<boolean>(node, `select (pg_control_checkpoint()).timeline_id = ${written} as value`)) ?? false;
}

/** One value of a server that may be down. */
async function ask<T>({ url }: Pick<Node, 'url'>, sql: string): Promise<T | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000, query_timeout: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<{ value: T }>(sql)).rows[0]?.value;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The version that a program prints of itself. */
export async function versionOf(programs: Programs, command: string, flag = '--version'): Promise<string> {
  const printed = await programs.run(command, [flag]);
  return /\d+(\.\d+)+/.exec(printed)?.[0] ?? printed.trim();
}

/** The end of each log, for a cluster that did not start. */
export function tails(programs: Programs, names: readonly string[]): string {
  return names
    .map((name) => {
      try {
        return `${name}: ${programs.log(name).split('\n').slice(-25).join('\n')}`;
      } catch {
        return `${name}: no log`;
      }
    })
    .join('\n');
}
