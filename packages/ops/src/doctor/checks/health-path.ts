import type { Check, Found } from '../check.ts';
import { type Fleet, standbys, writable } from '../fleet.ts';
import type { ExaminedRegion } from '../front/front.ts';
import type { Unseen } from '../front/request.ts';
import { duration } from '../say.ts';

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html */
const STATUS_WITHIN_MS = 2_000;

const UNSEEN: Readonly<Record<Unseen, string>> = {
  refused: 'refuses the connection',
  'timed-out': 'does not answer in time',
  'no-such-host': 'has no address',
  'no-ipv4': 'has no IPv4 address, and Route 53 checks over IPv4 alone',
  certificate: 'ends the TLS handshake',
  failed: 'could not be asked',
};

export const healthPath: Check = {
  id: 'health-path',
  title: 'The health path of every region answers as DNS checkers and load balancers need it',
  why: 'A DNS checker wants a status within 2 s over IPv4, reads 5,120 bytes, and takes a redirect for healthy. A check on the shared name asks whichever region DNS names; one that needs the primary takes healthy replica regions out.',
  incident:
    'A slow check on the shared name, and no failover: ef-cms#8487. A check that needs the database: Buildkite in August 2016.',
  needs: ['health'],
  find: (fleet) => fleet.front.regions.flatMap((region) => faultsOf(region, fleet)),
};

function faultsOf({ region, host, health }: ExaminedRegion, fleet: Fleet): readonly Found[] {
  const { path } = fleet.config.front;
  const found = (level: Found['level'], evidence: string, fix: string): Found => ({
    level,
    where: region,
    evidence: `${path} of ${region} ${evidence}.`,
    fix,
  });
  if (fleet.config.hosts.includes(host)) {
    return [
      found(
        'fault',
        `is asked by the global name ${host}: any region may answer`,
        'Give each region a name of its own, and set it as origin and in its health check.',
      ),
    ];
  }
  if (!health.ok) {
    // A host without an address is a finding of DNS.
    const isFound = fleet.front.hosts.some((one) => one.host === host && !one.addresses.ok);
    if (health.why === 'no-such-host' && isFound) return [];
    return [
      found('unknown', UNSEEN[health.why], 'Ask it from here with curl -4, and look at the firewall and the app.'),
    ];
  }
  const { status, headMs, isLonger } = health.value;
  if (status >= 300 && status < 400) {
    return [
      found(
        'fault',
        `redirects (${status}): Route 53 counts that as healthy without asking the app, a load balancer as failed`,
        'Answer 200 or 503 yourself: mount health before redirects to HTTPS, to a host or to a language.',
      ),
    ];
  }
  if (status < 200 || status >= 400) return [refused(status, region, fleet, found)];
  if (headMs > STATUS_WITHIN_MS) {
    return [
      found(
        'fault',
        `answered after ${duration(headMs)}; checkers wait ${STATUS_WITHIN_MS / 1_000} s`,
        'Answer from memory, and run the checks in the background, as @regionkit/health does.',
      ),
    ];
  }
  if (!isLonger) return [];
  return [
    found(
      'warning',
      'answers with more than 5,120 bytes: a search string after them is not found',
      'Answer with one short line; give details only for a token.',
    ),
  ];
}

function refused(
  status: number,
  region: string,
  fleet: Fleet,
  found: (level: Found['level'], evidence: string, fix: string) => Found,
): Found {
  const canRead = standbys(fleet).some((node) => node.region === region);
  if (canRead && writable(fleet).length === 0) {
    return found(
      'fault',
      `answers ${status} because the primary is away, though its standby can be read`,
      'Let only failed reads take the region out of DNS: /health of @regionkit/health does, /health/write does not.',
    );
  }
  return found(
    'fault',
    `answers ${status}: DNS sends no clients there`,
    'Ask it with the token of health: the detail names the failed check.',
  );
}
