import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { balancer, fakeProcess, OPERATOR_TOKEN } from '../status/commands.ts';
import { webServer } from './front/web-server.ts';
import { doctor, found } from './plant.ts';

const limits = { max: 7, keepAlive: true, connectionTimeoutMillis: 2_000, query_timeout: 5_000 };

function poolOf(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ connectionString: 'postgresql://app:hunter2@127.0.0.1:1/app', ...options });
  onTestFinished(() => pool.end());
  return pool;
}

/** The doctor on two processes behind a balancer, through their real doors. */
async function examine(first: pg.PoolConfig, second: pg.PoolConfig, token = OPERATOR_TOKEN) {
  const processes = [first, second].map((options) => fakeProcess('us', {}, { us: poolOf(options) }));
  const origin = await webServer((request, response) => {
    if (request.url === '/health') response.end('{"status":"pass"}');
    else balance(request, response);
  });
  const balance = balancer(...processes);
  return doctor({ regions: { us: { origin } }, operatorToken: token });
}

describe('regionkit doctor and the pools of the app, through the operator doors', () => {
  it('finds nothing in pools with limits', async () => {
    const ran = await examine(limits, { ...limits, max: 3 });
    expect(found(ran)).toEqual([]);
    expect(ran.exit).toBe(0);
  });

  it('finds one process whose pool has the defaults of pg, and prints no password', async () => {
    const ran = await examine(limits, {});
    expect(found(ran)).toEqual(Array.from({ length: 3 }, () => 'warning pool-options us'));
    expect(ran.stdout).not.toContain('hunter2');
  });

  it('says that a door does not take the token', async () => {
    const ran = await examine(limits, limits, 'x'.repeat(40));
    expect(found(ran)).toEqual(['unknown pool-options us']);
    expect(ran.exit).toBe(3);
  });
});
