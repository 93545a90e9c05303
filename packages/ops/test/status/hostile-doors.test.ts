import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { type DoorSilence, type Doors, openDoors } from '../../src/operator/ask-doors.ts';
import { drip, endless, webServer } from '../doctor/front/web-server.ts';
import { command, OPERATOR_TOKEN } from './commands.ts';

const signal = new AbortController().signal;

async function doorsOf(handler: RequestListener, searchMs?: number): Promise<Doors> {
  const config = checkConfig(
    { regions: { us: { origin: await webServer(handler) } }, operatorToken: OPERATOR_TOKEN },
    {},
  );
  return (await openDoors(config, signal, searchMs)) as Doors;
}

const status = (changes: object = {}): string =>
  JSON.stringify({
    process: { id: 'p', host: 'h', pid: 1 },
    region: 'us',
    topology: { state: 'ready', primary: { node: 'us/0', epoch: { timeline: 2 } }, highest: { timeline: 2 } },
    ...changes,
  });

describe('an operator door that means harm', () => {
  it('has a new name for each question: the search ends after its time', async () => {
    let asked = 0;
    const doors = await doorsOf((_request, response) => {
      asked += 1;
      setTimeout(() => response.end(status({ process: { id: `p${asked}`, host: 'h', pid: 1 } })), 50);
    }, 200);
    const [us] = await doors.ask();
    expect(us?.processes.length).toBeGreaterThan(0);
    expect(us?.processes.length).toBeLessThan(64);
  });

  it('is always another process: an order is given up after its time', async () => {
    let asked = 0;
    const doors = await doorsOf((_request, response) => {
      asked += 1;
      setTimeout(() => response.writeHead(421).end('{}'), 50);
    }, 200);
    const order = { action: 'reset', reason: 'x' } as const;
    expect(await doors.order({ region: 'us', id: 'p' }, order)).toEqual({ outcome: 'not-met', why: 'timed-out' });
    expect(asked).toBeLessThan(64);
  });

  const SHAPES: readonly string[] = [
    'null',
    '[]',
    '{',
    '"text"',
    '{}',
    status({ topology: null }),
    status({ topology: { state: 7 } }),
    status({ process: { id: 'p', host: 'h', pid: '1' } }),
    status({ topology: { state: 'ready', primary: 'us/0' } }),
    status({ topology: { state: 'ready', highest: { timeline: 'two' } } }),
    status({ pools: {} }),
    status({ pools: [{ where: 'us/0' }] }),
    status({ pools: Array.from({ length: 2_000 }, () => ({})) }),
  ];
  for (const body of SHAPES) {
    it(`is no door where it answers ${body.slice(0, 90)}`, async () => {
      const doors = await doorsOf((_request, response) => void response.end(body));
      expect(await doors.ask()).toEqual([{ region: 'us', processes: [], why: 'no-door' }]);
    });
  }

  const BODIES: readonly (readonly [harm: string, why: DoorSilence, answer: (response: ServerResponse) => void])[] = [
    ['an endless body', 'no-door', endless],
    ['a body that drips', 'timed-out', drip],
    [
      'a body that is cut',
      'no-door',
      (response) => void response.write(status().slice(0, 40), () => response.destroy()),
    ],
  ];
  for (const [harm, why, answer] of BODIES) {
    it(`is no door where it answers with ${harm}`, async () => {
      const doors = await doorsOf((_request, response) => answer(response));
      expect(await doors.ask()).toEqual([{ region: 'us', processes: [], why }]);
    }, 30_000);
  }

  it('refuses an order with an endless body: it is not read to the end, and no word of it is printed', async () => {
    const doors = await doorsOf((_request, response) => endless(response.writeHead(409)));
    const order = { action: 'reset', reason: 'x' } as const;
    expect(await doors.order({ region: 'us', id: 'p' }, order)).toEqual({
      outcome: 'refused',
      why: 'the door answered 409',
    });
  });

  it('follows no redirect with its token', async () => {
    const met: (string | undefined)[] = [];
    const elsewhere = await webServer((request, response) => {
      met.push(request.headers.authorization);
      response.end(status());
    });
    const doors = await doorsOf((_request, response) => void response.writeHead(307, { location: elsewhere }).end());
    expect(await doors.ask()).toEqual([{ region: 'us', processes: [], why: 'no-door' }]);
    expect(met).toEqual([]);
  });

  it('prints no control characters and no second line', async () => {
    const evil = '\u001b[2J\u009b31m\r\nok   \u202e';
    const origin = await webServer((_request, response) => {
      response.end(status({ region: `us${evil}`, topology: { state: evil } }));
    });
    const config = { regions: { us: { origin } }, operatorToken: OPERATOR_TOKEN };
    for (const args of [['status'], ['status', '--json']]) {
      const { stdout } = await command(config, args, { tty: true, columns: 10 });
      expect(stdout).not.toContain('\u001b[2J');
      expect(stdout).not.toMatch(/\u009b|\u202e|\r/);
      expect(stdout.split('\n').every((line) => !line.startsWith('ok'))).toBe(true);
    }
  });
});
