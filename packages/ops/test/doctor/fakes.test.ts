import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NodeFacts } from '../../src/doctor/facts.ts';
import { fakeServer, message } from './fake-server.ts';
import { PRIMARY, STANDBY } from './fleet.ts';
import { makeCertificate } from './front/web-server.ts';
import { doctor, findings, found } from './plant.ts';

/** Two servers that answer over the wire with these facts: a primary in us, a standby in eu. */
async function two(us: Partial<NodeFacts>, eu: Partial<NodeFacts> = us): ReturnType<typeof doctor> {
  const regions = {
    us: { databases: [await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now(), ...us }))] },
    eu: { databases: [await fakeServer(() => ({ ...STANDBY, nowMs: Date.now(), ...eu }))] },
  };
  return doctor({ regions });
}

const settings = (changes: Readonly<Record<string, string>>) => ({ settings: { ...PRIMARY.settings, ...changes } });

describe('regionkit doctor on what real servers of one machine cannot have', () => {
  it('finds nothing where there is nothing', async () => {
    const ran = await two({});
    expect(found(ran)).toEqual([]);
    expect(ran.exit).toBe(0);
  });

  it('finds a clock that is an hour off', async () => {
    const ran = await doctor({
      regions: {
        us: { databases: [await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }))] },
        eu: { databases: [await fakeServer(() => ({ ...STANDBY, nowMs: Date.now() - 3_600_000 }))] },
      },
    });
    expect(found(ran)).toEqual(['fault clock-offset eu/0']);
    expect(findings(ran)[0]?.evidence).toBe('The clock of eu/0 is 60 min behind the clock of this machine.');
  });

  it('finds libraries of two versions behind one collation', async () => {
    const collations = (actual: string) => ({ collations: [{ name: 'of the database', recorded: null, actual }] });
    expect(found(await two(collations('2.31'), collations('2.36')))).toEqual(['fault collation-versions fleet']);
  });

  it('finds an extension whose files are on one server', async () => {
    const postgis = { name: 'postgis', version: '3.4.1', available: true, newest: '3.4.1' };
    const ran = await two({ extensions: [postgis] }, { extensions: [{ ...postgis, available: false, newest: null }] });
    expect(found(ran)).toEqual(['fault extension-versions eu/0']);
  });

  it('finds two major versions', async () => {
    expect(found(await two({ version: 170_009 }, { version: 180_004 }))).toEqual(['fault postgres-versions fleet']);
  });

  it('finds a primary that cannot be rewound', async () => {
    expect(found(await two(settings({ wal_log_hints: 'off', data_checksums: 'off' }), {}))).toEqual([
      'warning no-rewind us/0',
    ]);
  });
});

describe('regionkit doctor and TLS of a server', () => {
  const secure = async (names: readonly string[]) => {
    const { keyFile, certFile } = makeCertificate(names, 30);
    const [key, cert] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')];
    const url = await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }), { key, cert });
    return { url: url.replace('127.0.0.1', 'localhost'), certFile };
  };
  const ask = (url: string) => doctor({ regions: { us: { databases: [url] } } });

  it('takes a certificate of the issuer in the connection string', async () => {
    const { url, certFile } = await secure(['localhost']);
    expect(found(await ask(`${url}?sslmode=verify-full&sslrootcert=${certFile}`))).toEqual([]);
  });

  it('says that it does not trust one', async () => {
    const { url } = await secure(['localhost']);
    const ran = await ask(`${url}?sslmode=verify-full`);
    expect(found(ran)).toEqual(['unknown unreachable us/0']);
    expect(findings(ran)[0]?.evidence).toBe(
      'us/0 has a certificate that this machine does not trust (DEPTH_ZERO_SELF_SIGNED_CERT).',
    );
  });

  it('says that one is for another host', async () => {
    const { url, certFile } = await secure(['db.example.com']);
    const ran = await ask(`${url}?sslmode=verify-full&sslrootcert=${certFile}`);
    expect(findings(ran)[0]?.evidence).toMatch(/does not trust \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  });

  it('says that a server offers none', async () => {
    const url = await plainServer('N');
    const ran = await ask(`${url}?sslmode=verify-full`);
    expect(findings(ran)[0]?.evidence).toBe('us/0 offers no TLS.');
  });
});

/** A server that answers whatever comes with this text. */
async function plainServer(text: string): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.write(text)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `postgres://monitor:x@127.0.0.1:${(server.address() as { port: number }).port}/app`;
}

describe('regionkit doctor and a server that means harm', () => {
  const hostile: readonly (readonly [harm: string, answer: unknown])[] = [
    ['no object', 7],
    ['null', null],
    ['text that is not JSON', '{"version": '],
    ['members of the wrong type', { ...PRIMARY, version: '18' }],
    ['a missing member', { ...PRIMARY, slots: undefined }],
    ['a list in a list', { ...PRIMARY, slots: [[]] }],
    ['settings that are objects', { ...PRIMARY, settings: { fsync: { toString: 'x' } } }],
    ['a list without end', { ...PRIMARY, unloggedTables: Array.from({ length: 1_001 }, () => 't') }],
    ['a number that is none', JSON.stringify({ ...PRIMARY, nowMs: 0 }).replace('"nowMs":0', '"nowMs":1e999')],
    // It says that it has five values, and ends.
    ['a row without its values', message('D', Buffer.from([0, 5]))],
    ['a huge row', { ...PRIMARY, system: 'x'.repeat(9 * 1_024 ** 2) }],
  ];

  for (const [harm, answer] of hostile) {
    it(`reports ${harm} as not examined`, async () => {
      const ran = await doctor({ regions: { us: { databases: [await fakeServer(() => answer)] } } });
      expect(found(ran)).toEqual(['unknown unreachable us/0']);
      expect(ran.exit).toBe(3);
      expect(ran.stderr).toBe('');
    });
  }

  it('prints its texts without control characters, on one line', async () => {
    const evil = '\u001b[2J\r\nroot\u0000\u202e]]>';
    const url = await fakeServer(() => ({
      ...PRIMARY,
      nowMs: Date.now(),
      role: { name: evil, monitor: false },
      unloggedTables: [evil],
    }));
    const ran = await doctor({ regions: { us: { databases: [url] } } });
    expect(found(ran)).toEqual(['unknown no-pg-monitor us/0', 'warning unlogged-tables fleet']);
    expect(ran.stdout).not.toMatch(/\\u00|\\[rn]/);
    for (const { evidence } of findings(ran)) expect(evidence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
