import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { FailoverTimes } from '@regionkit/lab';
import { type Answer, createBrowser } from './browser.ts';
import { checkHistory, type Findings, type Operation } from './checker.ts';
import { startLoad } from './load.ts';
import { GLOBAL_HOST, PLACE, REGIONS, type RegionName } from './names.ts';
import type { Narrator } from './narrator.ts';
import { type Stage, seconds } from './stage.ts';
import { type Timeline, timelineOf } from './timeline.ts';
import { until } from './until.ts';

/** What the demo measured, for the table at the end and for `--json`. Durations in milliseconds. */
export interface Measured {
  /** From the kill to the last connection that DNS led to the dead region, and whose part of it was what. */
  readonly lastSentToDeadRegion: FailoverTimes;
  readonly readsReroutedAfterMs: number;
  readonly writesRestoredAfterMs: number;
  readonly promotionToFirstWriteMs: number;
  readonly stableAfterMs: number;
  readonly switchoverLongestWriteMs: number;
  readonly findings: Findings;
  readonly timeline: Timeline;
}

const TRIES = 20;
/** Long enough for some requests of every client; nothing is claimed of how many. */
const SOME_REQUESTS_MS = 500;
const QUIET_MS = 1_500;

/** Plays the whole story and claims only what it has measured. */
export async function tellStory(stage: Stage, narrator: Narrator): Promise<Measured> {
  const { lab, url, dns } = stage;
  const { chapter, say, claim } = narrator;

  chapter('Sign in once, be known everywhere');
  const browser = createBrowser();
  const signIn = await browser.ask(`${url('eu-west-1')}/sign-in`, { method: 'POST', json: { name: 'ada' } });
  const knownIn = await Promise.all(
    REGIONS.map(async (place) => (await browser.ask(`${url(place)}/orders`)).json<{ region: string }>().region),
  );
  claim(
    'a session signed in Ireland is verified in every region, with no store between them',
    signIn.status === 200 && new Set(knownIn).size === REGIONS.length,
    `signed in ${signIn.json<{ region: string }>().region}, known in ${knownIn.join(', ')}`,
  );

  chapter('Write in Singapore, read it back in Singapore');
  const singapore = url('ap-southeast-1');
  const roundTrip: number[] = [];
  let acknowledged = 0;
  let ownMissed = 0;
  let plainMissed = 0;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const ref = randomUUID();
    const began = performance.now();
    const order = await browser.ask(`${singapore}/orders`, { method: 'POST', json: { ref, item: 'tea' } });
    // On a machine that is very busy a write may be refused: then there is nothing to read back.
    if (order.status !== 201) continue;
    acknowledged += 1;
    roundTrip.push(performance.now() - began);
    const [plain, own] = await Promise.all([
      browser.ask(`${singapore}/orders/plain`),
      browser.ask(`${singapore}/orders`),
    ]);
    if (plain.status === 200 && !shows(plain, ref)) plainMissed += 1;
    if (!shows(own, ref)) ownMissed += 1;
  }
  if (acknowledged < TRIES) say(`${TRIES - acknowledged} of ${TRIES} writes were refused: this machine is busy`);
  say(`each write travelled to ${PLACE['us-east-1']} as one forwarded request: ${median(roundTrip).toFixed(0)} ms`);
  claim(
    'the signed token makes every client read its own writes',
    acknowledged > 0 && ownMissed === 0,
    `${ownMissed} of ${acknowledged} reads missed the write before them`,
  );
  claim(
    'a plain read of the same replica would not have',
    plainMissed > 0,
    `${plainMissed} of ${acknowledged} missed it`,
  );

  chapter('A browser is redirected to its region once; an API client gets a hint');
  const home: RegionName = 'ap-southeast-1';
  browser.setCookie('region', home, GLOBAL_HOST);
  const visit = await browser.navigate(`${url('us-east-1')}/`);
  claim(
    'a navigation to the wrong region ends in the right one after one redirect',
    visit.redirects.length === 1 && visit.answer.body.includes(home),
    `${visit.redirects.length} redirect, ${visit.answer.status}`,
  );
  const call = await browser.ask(`${url('us-east-1')}/orders`);
  claim(
    'an API call is served where it arrives and gets a hint instead',
    call.status === 200 && call.headers['x-region-hint'] === home,
    `${call.status}, X-Region-Hint: ${call.headers['x-region-hint']}`,
  );
  browser.close();

  const load = await startLoad({
    clients: REGIONS.flatMap((place) => [1, 2].map((n) => ({ name: `${PLACE[place]} ${n}`, url: url(place) }))),
    pauseMs: 50,
  });
  const failuresSince = (since: number): Operation[] =>
    load.history.filter(({ startedAtMs, outcome }) => startedAtMs >= since && outcome !== 'ok');
  const firstOk = (kind: Operation['kind'], since: number, client = ''): Operation | undefined =>
    load.history.find(
      (operation) =>
        operation.kind === kind &&
        operation.outcome === 'ok' &&
        operation.startedAtMs >= since &&
        operation.client.startsWith(client),
    );
  say('');
  say('From here on six clients, two in each place, write and read without a pause.');
  await pause(1_000);

  chapter('The secrets rotate without a failed request');
  const rotationAt = performance.now();
  for (const step of stage.rotation) {
    say(step.says);
    await stage.rotate(step);
    await pause(SOME_REQUESTS_MS);
  }
  const signedOut = failuresSince(rotationAt);
  claim(
    'not one request failed while the token secret and the signing key changed under load',
    signedOut.length === 0,
    `${load.history.filter(({ startedAtMs }) => startedAtMs >= rotationAt).length} requests, ${signedOut.length} failed`,
  );

  chapter('Virginia dies');
  await until('DNS leads to Virginia', () => dns.status('us-east-1').healthy);
  const killedAt = performance.now();
  await Promise.all([stage.killApp('us-east-1'), lab.region('us-east-1').kill()]);
  say('its PostgreSQL and its app were killed, with all running requests');
  await until('DNS sends no client to Virginia', () => !dns.status('us-east-1').healthy);
  const readsOn = await until('a client near Virginia reads elsewhere', () =>
    firstOk('read', killedAt, PLACE['us-east-1']),
  );
  const readsReroutedAfterMs = readsOn.endedAtMs - killedAt;
  say('DNS sends its clients to Ireland; reads continue everywhere, writes wait');
  await pause(700);
  const wiring = new Map(REGIONS.map((place) => [place, stage.wiring(place)]));
  const promotedAt = performance.now();
  const { fork, timeline } = await lab.failover({ to: 'eu-west-1' });
  const firstWrite = await until('a write succeeds after the promotion', () =>
    load.history.find(({ kind, outcome, endedAtMs }) => kind === 'write' && outcome === 'ok' && endedAtMs > promotedAt),
  );
  const promotionToFirstWriteMs = firstWrite.endedAtMs - promotedAt;
  const writesRestoredAfterMs = firstWrite.endedAtMs - killedAt;
  say(`Ireland was promoted: timeline ${timeline} leaves the old one at ${fork}`);
  // On a busy machine a probe of DNS can fail for a reason of its own: then another client shows that none was needed.
  const untouched = await until('a client writes for which neither a process nor DNS has changed', () =>
    REGIONS.some(
      (place) =>
        stage.wiring(place) === wiring.get(place) &&
        load.history.some(
          ({ kind, outcome, endedAtMs, client }) =>
            kind === 'write' && outcome === 'ok' && endedAtMs > promotedAt && client.startsWith(PLACE[place]),
        ),
    ),
  ).catch(() => false);
  const lastFailure = (): number => Math.max(killedAt, ...failuresSince(killedAt).map(({ endedAtMs }) => endedAtMs));
  // Not from the last failure: a client that waits for an answer has not failed yet, and is not quiet.
  const quiet = (): boolean => {
    const since = Math.max(lastFailure(), promotedAt);
    return performance.now() - since > QUIET_MS && REGIONS.every((place) => firstOk('write', since, PLACE[place]));
  };
  const becameStable = await until('writes succeed everywhere and no request fails', quiet).catch(() => false);
  const stableAfterMs = lastFailure() - killedAt;
  const lastSentToDeadRegion = await until('DNS has sent the last client elsewhere', () =>
    dns.failoverTimes('us-east-1', killedAt),
  );
  say(
    `DNS sent the last connection to the dead region ${seconds(lastSentToDeadRegion.totalMs)} after the kill: ${seconds(lastSentToDeadRegion.appMs)} until its health check stopped passing, ${seconds(lastSentToDeadRegion.checkersMs)} until the checkers agreed, ${seconds(lastSentToDeadRegion.cachesMs)} of cached answers`,
  );
  claim(
    'reads of the clients nearest to Virginia continued in Ireland',
    Number.isFinite(readsReroutedAfterMs),
    `after ${seconds(readsReroutedAfterMs)}`,
  );
  claim(
    'writes continued as soon as there was a primary, with no deploy and no DNS change',
    untouched,
    `${promotionToFirstWriteMs.toFixed(0)} ms after the promotion was ordered`,
  );
  claim('the service is stable again', becameStable, `last failed request ${seconds(stableAfterMs)} after the kill`);

  chapter('Virginia comes back and believes it is still the primary');
  await lab.region('us-east-1').returnAsIs();
  const before = await count(stage, 'us-east-1');
  await stage.startApp('us-east-1');
  await until('DNS leads to Virginia again', () => dns.status('us-east-1').healthy);
  const returnedAt = performance.now();
  const inVirginia = (): Operation[] =>
    load.history.filter(
      ({ servedIn, startedAtMs, outcome }) => startedAtMs > returnedAt && outcome === 'ok' && servedIn === 'us-east-1',
    );
  await until('a client is served in Virginia again', () => inVirginia().length > 0);
  await pause(1_500);
  const after = await count(stage, 'us-east-1');
  const served = inVirginia().length;
  say(`it accepts connections and would accept writes; its own app, started again, served ${served} reads`);
  claim('the returned primary got not one write', after === before, `${before} orders before, ${after} after`);
  claim(
    'clients that DNS sent to Virginia again got correct answers meanwhile',
    served > 0 && failuresSince(returnedAt).length === 0,
    `${served} served, ${failuresSince(returnedAt).length} failed`,
  );
  await lab.region('us-east-1').rejoin({ of: 'eu-west-1' });
  const rebuiltAt = performance.now();
  say('rebuilt as a standby of Ireland');
  await lab.caughtUp();
  await pause(1_000);

  chapter('Back to Virginia on purpose');
  const switchAt = performance.now();
  const paused = await stage.pauseWrites('eu-west-1');
  if (!paused.drained) say(`the writes were not drained: ${paused.refusal ?? `${paused.underWay} under way`}`);
  const pausedMs = performance.now() - switchAt;
  say(`the writes of all regions were paused; nothing was under way any more after ${seconds(pausedMs)}`);
  await lab.switchover({ to: 'us-east-1' });
  const switchedAt = performance.now();
  await until('every client writes again', () =>
    REGIONS.every((place) => firstOk('write', switchedAt, PLACE[place]) !== undefined),
  );
  const switchFailures = failuresSince(switchAt).filter(({ kind }) => kind === 'write');
  const readFailures = failuresSince(switchAt).filter(({ kind }) => kind === 'read');
  const refused = switchFailures.filter(({ outcome }) => outcome === 'not-done');
  const switchoverLongestWriteMs = Math.max(
    ...load.history
      .filter(({ kind, endedAtMs }) => kind === 'write' && endedAtMs > switchAt)
      .map(({ startedAtMs, endedAtMs }) => endedAtMs - startedAtMs),
  );
  const cutOff = switchFailures.length - refused.length;
  const requests = load.history.filter(({ startedAtMs }) => startedAtMs >= switchAt).length;
  say(`${requests} requests meanwhile, the slowest write took ${seconds(switchoverLongestWriteMs)}`);
  if (readFailures.length > 0) say(`${readFailures.length} reads found no node in time${kinds(readFailures)}`);
  claim(
    'a planned switchover under a pause refuses no write and cuts none off',
    switchFailures.length === 0,
    `${refused.length} refused, ${cutOff} cut off${kinds(switchFailures)}`,
  );

  await pause(SOME_REQUESTS_MS);
  const endedAt = performance.now();

  chapter('Ireland is drained for maintenance');
  const drainAt = performance.now();
  const status = await stage.drainApp('eu-west-1');
  const drainMs = performance.now() - drainAt;
  await pause(500);
  const drainFailures = failuresSince(drainAt);
  claim(
    'a region leaves under load without one failed request',
    status === 0 && drainFailures.length === 0,
    `exit status ${status} after ${seconds(drainMs)}, ${drainFailures.length} failed`,
  );

  await load.stop();
  await lab.caughtUp();
  const survived = await lab.primary.query<{ ref: string }>('select ref from orders');
  const findings = checkHistory(
    load.history,
    survived.map(({ ref }) => ref),
  );
  const gone = new Set(findings.lost);
  const lostOnPurpose = load.history.filter(
    ({ ref = '', startedAtMs }) => startedAtMs > switchAt && gone.has(ref),
  ).length;
  chapter('The checker reads the whole history');
  claim('no client ever missed its own write', findings.staleReads === 0, `${findings.staleReads} stale reads`);
  claim('the planned switchover lost no acknowledged write', lostOnPurpose === 0, `${lostOnPurpose} lost`);
  claim(
    'the clients whose writes were lost in the crash were told so',
    findings.lostUnannounced.length === 0,
    `${findings.lost.length} acknowledged writes lost beyond the fork, ${findings.lostUnannounced.length} unannounced`,
  );
  claim('no write happened twice', findings.duplicated.length === 0, `${findings.duplicated.length} duplicates`);
  claim(
    'no write happened that its answer had said did not',
    findings.doneAgainstWord.length === 0,
    `${findings.doneAgainstWord.length} of them`,
  );
  return {
    lastSentToDeadRegion,
    readsReroutedAfterMs,
    writesRestoredAfterMs,
    promotionToFirstWriteMs,
    stableAfterMs,
    switchoverLongestWriteMs,
    findings,
    timeline: timelineOf(
      load.history,
      {
        killed: killedAt,
        promoted: promotedAt,
        firstWrite: firstWrite.endedAtMs,
        returned: returnedAt,
        rebuilt: rebuiltAt,
        switchover: switchAt,
        switched: switchedAt,
        ended: endedAt,
      },
      findings,
    ),
  };
}

async function count(stage: Stage, region: RegionName): Promise<number> {
  const [row] = await stage.lab.region(region).query<{ count: string }>('select count(*) from orders');
  return Number(row?.count);
}

/** @returns whether an answer shows this order; a refusal shows none */
function shows({ status, json }: Answer, ref: string): boolean {
  return status === 200 && json<{ refs: string[] }>().refs.includes(ref);
}

/** What failed, by kind, status and outcome: `: read 503 not-done ×2`. */
function kinds(operations: readonly Operation[]): string {
  const counts = new Map<string, number>();
  for (const { kind, status, outcome } of operations) {
    const name = `${kind} ${status} ${outcome}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, times], at) => `${at === 0 ? ': ' : ''}${name} ×${times}`).join(', ');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
