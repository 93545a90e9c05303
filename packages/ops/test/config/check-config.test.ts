import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { EXIT } from '../../src/exit-codes.ts';
import { fakeServer } from '../doctor/fake-server.ts';
import { PRIMARY } from '../doctor/fleet.ts';
import { type Ran, run } from '../run.ts';

/** Runs the doctor with a file in an empty directory. */
async function withFile(name: string, content: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, name), content);
  return run(['doctor'], { directory, env });
}

const URL_WITH_SECRET = 'postgres://monitor:hunter2@127.0.0.1:1/app';

const WRONG: readonly (readonly [mistake: string, config: unknown, message: RegExp])[] = [
  ['no object', 7, /config must be an object; got number/],
  ['a list', [], /config must be an object; got an array/],
  ['no regions', {}, /config: regions must be an object; got undefined/],
  ['no region', { regions: {} }, /config: regions must name at least one region/],
  ['a misspelt option', { regions: { us: {} }, host: [] }, /config has no option "host"; it takes regions, hosts/],
  ['a region that is null', { regions: { us: null } }, /config: regions\['us'\] must be an object; got null/],
  [
    'a misspelt option of a region',
    { regions: { us: { database: [] } } },
    /config: regions\['us'\] has no option "database"/,
  ],
  [
    'databases that are no list',
    { regions: { us: { databases: URL_WITH_SECRET } } },
    /config: regions\['us'\]\.databases must be a list/,
  ],
  [
    'a database that is no connection string',
    { regions: { us: { databases: ['mysql://root:hunter2@h/db'] } } },
    /config: regions\['us'\]\.databases\[0\] must be a connection string/,
  ],
  [
    'a database that is null',
    { regions: { us: { databases: [null] } } },
    /config: regions\['us'\]\.databases\[0\] must be an object; got null/,
  ],
  [
    'a variable that is not set',
    { regions: { us: { databases: [{ env: 'US_URL' }] } } },
    /config: regions\['us'\]\.databases\[0\]: the environment has no US_URL/,
  ],
  [
    'an origin that is no URL',
    { regions: { us: { origin: 'app-us' } } },
    /config: regions\['us'\]\.origin must be a URL/,
  ],
  [
    'an origin of another kind',
    { regions: { us: { origin: 'ftp://a' } } },
    /config: regions\['us'\]\.origin must begin with https/,
  ],
  ['hosts that are no list', { regions: { us: {} }, hosts: 'app.example.com' }, /config: hosts must be a list/],
  ['a host that is no text', { regions: { us: {} }, hosts: [7] }, /config: hosts must be a string; got number/],
  ['a misspelt option of front', { regions: { us: {} }, front: { ttl: 60 } }, /config: front has no option "ttl"/],
  [
    'an interval of no seconds',
    { regions: { us: {} }, front: { intervalSeconds: 0 } },
    /config: front\.intervalSeconds must be an integer from 1/,
  ],
  [
    'a DNS server by name',
    { regions: { us: {} }, front: { dnsServers: ['dns.example.com'] } },
    /config: front\.dnsServers must be IP addresses/,
  ],
  [
    'DNS servers that are no list',
    { regions: { us: {} }, front: { dnsServers: '192.0.2.1' } },
    /config: front\.dnsServers must be a list/,
  ],
  ['a misspelt limit', { regions: { us: {} }, limits: { slotsBytes: 1 } }, /config: limits has no option "slotsBytes"/],
  [
    'a limit of nothing',
    { regions: { us: {} }, limits: { slotBytes: 0 } },
    /config: limits\.slotBytes must be an integer from 1/,
  ],
  [
    'pools of no connection',
    { regions: { us: {} }, app: { processes: 1, poolMax: 0 } },
    /config: app\.poolMax must be an integer from 1/,
  ],
  ['nothing to examine', { regions: { us: {} } }, /the configuration names no databases, no origin and no hosts/],
];

describe('regionkit doctor and a wrong configuration', () => {
  for (const [mistake, config, message] of WRONG) {
    it(`names ${mistake}, does nothing, and exits with 2`, async () => {
      const ran = await withFile('regionkit.config.json', JSON.stringify(config));
      expect(ran.stderr).toMatch(message);
      expect(ran.stderr).toMatch(/^regionkit doctor: [^\n]*\n$/);
      expect(ran.stderr + ran.stdout).not.toContain('hunter2');
      expect(ran.exit).toBe(EXIT.usage);
      expect(ran.stdout).toBe('');
    });
  }

  it('says that a file is not JSON', async () => {
    const ran = await withFile('regionkit.config.json', '{ "regions": ');
    expect(ran.stderr).toBe('regionkit doctor: the configuration is not JSON\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('says that a module throws, without its text', async () => {
    const ran = await withFile('regionkit.config.mjs', 'throw new Error("hunter2")');
    expect(ran.stderr).toBe('regionkit doctor: the configuration could not be loaded: it threw an error\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  for (const thrown of ['null', '"hunter2"', '{ code: "ERR_OPS_CONFIG", message: "hunter2" }']) {
    it(`says that a module throws ${thrown}, without its text`, async () => {
      const ran = await withFile('regionkit.config.mjs', `throw ${thrown}`);
      expect(ran.stderr).toBe('regionkit doctor: the configuration could not be loaded: it threw an error\n');
      expect(ran.exit).toBe(EXIT.usage);
    });
  }

  it('says that a member of the configuration throws, without its text', async () => {
    const ran = await withFile(
      'regionkit.config.mjs',
      'export default { get regions() { throw new Error("hunter2"); } };',
    );
    expect(ran.stderr).toBe('regionkit doctor: the configuration threw an error while it was read\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  for (const value of ['null', '7', '[]', '() => ({})', 'Promise.resolve({})']) {
    it(`refuses ${value} as the configuration`, async () => {
      const ran = await withFile('regionkit.config.mjs', `export default ${value};`);
      expect(ran.stderr).toMatch(/^regionkit doctor: config[^\n]*\n$/);
      expect(ran.exit).toBe(EXIT.usage);
    });
  }

  it('reads a file that an editor of Windows has written', async () => {
    const text = `\uFEFF{\r\n  "regions": { "us": { "databases": ["${URL_WITH_SECRET}"] } }\r\n}\r\n`;
    const ran = await withFile('regionkit.config.json', text);
    expect(ran.stdout).toContain('us/0 refused the connection (ECONNREFUSED).');
    expect(ran.exit).toBe(EXIT.unknown);
  });

  it('lets no variable of libpq choose another server', () => {
    const nodesOf = (url: string) => checkConfig({ regions: { us: { databases: [url] } } }, {}).nodes;
    expect(nodesOf('postgresql://ops@db.example.com/app').map(({ url }) => url)).toEqual([
      'postgresql://ops@db.example.com:5432/app',
    ]);
    expect(() => nodesOf('postgresql:///app')).toThrow(
      'must name its host: without one PGHOST would choose the server',
    );
    expect(nodesOf('postgresql:///app?host=/run/postgresql')).toHaveLength(1);
  });

  it('asks the server of the configuration whatever PGHOST, PGPORT and PGSERVICE say', async () => {
    const url = new URL(await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() })));
    for (const [name, value] of Object.entries({ PGHOST: '192.0.2.1', PGPORT: '1', PGSERVICE: 'other' })) {
      vi.stubEnv(name, value);
    }
    onTestFinished(() => void vi.unstubAllEnvs());
    const ran = await withFile('regionkit.config.json', JSON.stringify({ regions: { us: { databases: [url.href] } } }));
    expect(ran.stdout).not.toContain('unreachable');
    expect(ran.exit).toBe(EXIT.ok);
  });

  it('says that a module exports nothing', async () => {
    const ran = await withFile('regionkit.config.mjs', 'export const regions = {};');
    expect(ran.stderr).toMatch(/must have a default export/);
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('says that there is no file', async () => {
    const ran = await withFile('other.json', '{}');
    expect(ran.stderr).toMatch(/there is no regionkit\.config\.js here/);
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('says that a file cannot be read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'regionkit-config-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, 'folder.json'));
    const ran = await run(['doctor', '--config', 'folder.json'], { directory });
    expect(ran.stderr).toBe('regionkit doctor: the configuration cannot be read (EISDIR)\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('says that the file of issuers cannot be read, before it asks anything', async () => {
    const config = { regions: { us: { databases: [URL_WITH_SECRET] } }, caFile: '/nowhere/ca.pem' };
    const ran = await withFile('regionkit.config.json', JSON.stringify(config));
    expect(ran.stderr).toBe('regionkit doctor: config: caFile cannot be read\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('reads a secret from the environment', async () => {
    const config = JSON.stringify({ regions: { us: { databases: [{ env: 'US_URL' }] } } });
    const ran = await withFile('regionkit.config.json', config, { US_URL: URL_WITH_SECRET });
    expect(ran.exit).toBe(EXIT.unknown);
    expect(ran.stdout).toContain('us/0 refused the connection (ECONNREFUSED).');
    expect(ran.stdout).not.toContain('hunter2');
  });
});
