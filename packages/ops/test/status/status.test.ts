import { describe, expect, it } from 'vitest';
import { fakeServer } from '../doctor/fake-server.ts';
import { pass, webServer } from '../doctor/front/web-server.ts';
import { run } from '../run.ts';
import {
  balancer,
  command,
  fakeProcess,
  OPERATOR_TOKEN,
  processesOf,
  STANDBY,
  serversOf,
  stepsOf,
  summaryOf,
  WRITER,
} from './commands.ts';

async function servers(us = WRITER, eu = STANDBY) {
  return { us: { databases: [await fakeServer(() => us)] }, eu: { databases: [await fakeServer(() => eu)] } };
}

describe('regionkit status', () => {
  it('shows servers and every process behind an origin', async () => {
    const { us, eu } = await servers();
    const origin = await webServer(balancer(fakeProcess('us'), fakeProcess('us')));
    const ran = await command({ regions: { us: { ...us, origin }, eu }, operatorToken: OPERATOR_TOKEN }, [
      'status',
      '--json',
    ]);
    expect(ran.exit).toBe(0);
    expect(serversOf(ran).map(({ where, role }) => `${where} ${role}`)).toEqual(['us/0 writer', 'eu/0 standby']);
    expect(processesOf(ran)).toMatchObject([
      { where: 'us', name: expect.stringMatching(/:\d+$/), state: 'ready', primary: 'us/0', timeline: 2, highest: 2 },
      { where: 'us', state: 'ready' },
    ]);
  });

  it('says what does not answer, and why, and never shows the token or a password', async () => {
    const { us } = await servers();
    const regions = {
      us: { ...us, origin: await webServer(pass) },
      eu: { databases: ['postgres://nobody:secret@127.0.0.1:1/app'], origin: 'http://127.0.0.1:1' },
      ap: { origin: 'http://app.example.com' },
    };
    const ran = await command({ regions, operatorToken: OPERATOR_TOKEN }, ['status']);
    expect(ran.exit).toBe(3);
    expect(ran.stdout).toContain('unknown eu/0  did not answer: refused');
    expect(ran.stdout).toContain('us  the operator door did not answer: no-door');
    expect(ran.stdout).toContain('ap  the operator door did not answer: plain-http');
    expect(ran.stdout).not.toContain('secret');
    expect(ran.stdout + ran.stderr).not.toContain(OPERATOR_TOKEN);
    expect(ran.stdout).not.toContain('\u001b');
  });

  it('tells a wrong token from a door that is not there', async () => {
    const { us } = await servers();
    const origin = await webServer(fakeProcess('us').handle);
    const ran = await command({ regions: { us: { ...us, origin } }, operatorToken: 'x'.repeat(40) }, [
      'status',
      '--json',
    ]);
    expect(processesOf(ran)).toEqual([{ type: 'process', where: 'us', state: 'unknown', why: 'wrong-token' }]);
  });

  it('draws one screen anew until it is ended, on a terminal alone', async () => {
    const regions = await servers();
    const ended = new AbortController();
    let asked = 0;
    const counted = {
      ...regions,
      us: {
        databases: [
          await fakeServer(() => {
            asked += 1;
            if (asked === 2) ended.abort();
            return WRITER;
          }),
        ],
      },
    };
    const ran = await command({ regions: counted }, ['status', '--watch'], { tty: true, signal: ended.signal });
    expect(ran.exit).toBe(130);
    expect(ran.stdout.startsWith('\u001b[H\u001b[J')).toBe(true);
    expect(ran.stdout).toContain('us/0 takes writes on timeline 2.');
    const piped = await command({ regions }, ['status', '--watch']);
    expect([piped.exit, piped.stderr]).toEqual([
      2,
      'regionkit status: --watch needs a terminal; in a pipe use --watch --json\n',
    ]);
  });

  it('has help that fits a screen', async () => {
    for (const name of ['status', 'epoch']) {
      const { stdout } = await run([name, '--help']);
      expect(stdout.split('\n').length).toBeLessThan(24);
    }
  });
});

describe('regionkit epoch', () => {
  async function fleet(us = WRITER, eu = STANDBY) {
    const found = await servers(us, eu);
    const [first, second, third] = [fakeProcess('us'), fakeProcess('us'), fakeProcess('eu')];
    const regions = {
      eu: { ...found.eu, origin: await webServer(third.handle) },
      us: { ...found.us, origin: await webServer(balancer(first, second)) },
    };
    return { config: { regions, operatorToken: OPERATOR_TOKEN }, all: [first, second, third] };
  }
  const callsOf = (all: readonly { readonly calls: readonly string[] }[]) => all.map(({ calls }) => calls);

  it('does nothing without --execute, and says what it would do', async () => {
    const { config, all } = await fleet();
    const ran = await command(config, ['epoch', 'reset', '--why', 'a mistake', '--json']);
    expect(ran.exit).toBe(0);
    expect(summaryOf(ran)).toMatch(/^Would reset in 3 processes: us .*Nothing was done; add --execute\.$/);
    expect(callsOf(all)).toEqual([[], [], []]);
  });

  it('reaches each process once, those of the writer first, with the reason', async () => {
    const { config, all } = await fleet();
    const ran = await command(config, ['epoch', 'reset', '--why', ' a mistake ', '--execute', '--json']);
    expect([ran.exit, summaryOf(ran)]).toEqual([0, 'reset: done in 3 processes.']);
    expect(callsOf(all)).toEqual([['reset a mistake'], ['reset a mistake'], ['reset a mistake']]);
    expect(stepsOf(ran).map(({ where, state }) => `${where} ${state}`)).toEqual(['us done', 'us done', 'eu done']);
  });

  it('refuses while two servers take writes', async () => {
    const { config, all } = await fleet(WRITER, WRITER);
    const ran = await command(config, ['epoch', 'reset', '--why', 'x', '--execute', '--json']);
    expect([ran.exit, summaryOf(ran)]).toEqual([
      4,
      'Refused: eu/0 and us/0 take writes. Stop all but one first. Nothing was done.',
    ]);
    expect(callsOf(all)).toEqual([[], [], []]);
  });

  it('says which region it did not reach, and how to go on', async () => {
    const { config } = await fleet();
    const regions = { ...config.regions, ap: { origin: 'http://127.0.0.1:1' } };
    const ran = await command({ ...config, regions }, ['epoch', 'confirm', '--why', 'x', '--execute', '--json']);
    expect(ran.exit).toBe(5);
    expect(summaryOf(ran)).toMatch(/^confirm: done in 3 processes; not in ap\. Look at/);
  });

  it.each([
    [[], 'epoch needs one of show, reset, confirm'],
    [['wipe'], 'epoch needs one of show, reset, confirm'],
    [['reset'], 'epoch reset needs --why TEXT: it goes to the log of every process'],
    [['reset', '--why', ' '], 'epoch reset needs --why TEXT: it goes to the log of every process'],
  ])('is told wrongly: %j', async (args, message) => {
    const ran = await run(['epoch', ...args]);
    expect([ran.exit, ran.stderr]).toEqual([2, `regionkit epoch: ${message}\n`]);
  });
});
