import { describe, expect, it } from 'vitest';
import { judgeDns } from '../../src/failover/dns/judge-dns.ts';
import { type HostAnswer, resolveEverywhere } from '../../src/failover/dns/resolve.ts';
import { dnsServer } from '../doctor/front/dns-server.ts';

const answer = (addresses: readonly string[] | undefined, server?: string): HostAnswer => ({
  host: 'app.example.com',
  server,
  addresses,
});
const REGIONS = { lost: ['192.0.2.1'], others: ['192.0.2.2', '192.0.2.3'] };

describe('judgeDns()', () => {
  it.each([
    ['an address of another region', [answer(['192.0.2.2'])], 'away'],
    ['addresses of all other regions', [answer(['192.0.2.2', '192.0.2.3'])], 'away'],
    ['the address of the lost region', [answer(['192.0.2.1'])], 'lost'],
    ['the lost region beside another', [answer(['192.0.2.2', '192.0.2.1'])], 'lost'],
    ['no address', [answer([])], 'lost'],
    ['no answer', [answer(undefined)], 'silent'],
    ['an address of no region', [answer(['192.0.2.9'])], 'unknown'],
    ['one resolver with an old answer', [answer(['192.0.2.2'], 'a'), answer(['192.0.2.1'], 'b')], 'lost'],
    ['one resolver that is silent', [answer(['192.0.2.2'], 'a'), answer(undefined, 'b')], 'silent'],
  ] as const)('%s: %j is %s', (_says, hosts, leads) => {
    expect(judgeDns(hosts, REGIONS).leads).toBe(leads);
  });

  it('an address in front of all regions tells nothing', () => {
    const shared = { lost: ['192.0.2.5'], others: ['192.0.2.5'] };
    expect(judgeDns([answer(['192.0.2.5'])], shared).leads).toBe('unknown');
  });

  it('names the resolver with the old answer', () => {
    const { says } = judgeDns([answer(['192.0.2.1'], '192.0.2.53')], REGIONS);
    expect(says).toBe('app.example.com (by 192.0.2.53) still leads to the lost region');
  });
});

describe('resolveEverywhere()', () => {
  const signal = new AbortController().signal;
  it('asks each resolver, and tells an unknown name from a silent resolver', async () => {
    const first = await dnsServer({ 'app.example.com': { address: '192.0.2.1', ttl: 60 } });
    const second = await dnsServer({ 'app.example.com': { address: '192.0.2.2', ttl: 60 } });
    const third = await dnsServer({});
    const answers = await resolveEverywhere('app.example.com', [first, second, third], signal);
    expect(answers.map(({ addresses }) => addresses)).toEqual([['192.0.2.1'], ['192.0.2.2'], []]);
    expect(answers.map(({ server }) => server)).toEqual([first, second, third]);
  });
  it('takes an address as it is, and a name of this machine', async () => {
    expect(await resolveEverywhere('192.0.2.7', [], signal)).toEqual([
      { host: '192.0.2.7', server: undefined, addresses: ['192.0.2.7'] },
    ]);
    const [local] = await resolveEverywhere('localhost', [], signal);
    expect(local?.addresses?.length).toBeGreaterThan(0);
  });
});
