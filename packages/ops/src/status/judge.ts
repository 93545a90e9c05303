import type { Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { ProcessState, ServerState } from '../records/record.ts';
import { bytes } from '../render/describe.ts';
import type { Survey, SurveyedServer } from './survey.ts';

export interface Judged extends Outcome {
  readonly servers: readonly ServerState[];
  readonly processes: readonly ProcessState[];
}

/** What follows from one survey: a record for each server and process, and one sentence. Pure. */
export function judge(given: Survey): Judged {
  const writers = writersOf(given);
  const servers = given.servers.map((server) => serverState(server, writers.length === 1 ? writers[0] : undefined));
  const processes = given.regions.flatMap(({ region, processes, why }): ProcessState[] =>
    why === undefined
      ? processes.map(({ id, host, pid, state, primary, highest }) => ({
          type: 'process',
          where: region,
          id,
          name: `${host}:${pid}`,
          state,
          ...(primary !== undefined && { primary: primary.where, timeline: primary.timeline }),
          ...(highest !== undefined && { highest }),
        }))
      : [{ type: 'process', where: region, state: 'unknown', why }],
  );
  const faults = [...writerFaults(writers), ...processFaults(given, processes)];
  const silent = [
    ...servers.filter(({ role }) => role === 'unknown'),
    ...processes.filter(({ id }) => id === undefined),
  ];
  const sentences = [
    ...(writers.length === 1 ? [`${writers[0]?.id} takes writes on timeline ${writers[0]?.facts?.timeline}.`] : []),
    ...faults,
    ...(silent.length > 0 ? [`Not known: ${[...new Set(silent.map(({ where }) => where))].join(', ')}.`] : []),
    ...(writers.length === 1 ? [lossNow(servers)] : []),
  ];
  // A writer may be among the servers that did not answer.
  const isFault = faults.length > 0 && (writers.length > 0 || silent.length === 0);
  return {
    servers,
    processes,
    exit: isFault ? EXIT.fault : silent.length > 0 || faults.length > 0 ? EXIT.unknown : EXIT.ok,
    summary: sentences.join(' '),
  };
}

export const writersOf = ({ servers }: Survey): readonly SurveyedServer[] =>
  servers.filter(({ facts }) => facts?.inRecovery === false);

function serverState({ id, facts, why }: SurveyedServer, writer: SurveyedServer | undefined): ServerState {
  const common = { type: 'server', where: id } as const;
  if (facts === undefined) return { ...common, role: 'unknown', ...(why !== undefined && { why }) };
  const { inRecovery, timeline, receivedBytes, replayedBytes, replayedAgoMs, system } = facts;
  if (!inRecovery) return { ...common, role: 'writer', timeline };
  const written = writer?.facts;
  const has = Math.max(receivedBytes ?? 0, replayedBytes ?? 0);
  // Positions of different histories are not comparable.
  const isSame = written?.system === system && written.timeline === timeline;
  const behindBytes = isSame ? Math.max(0, (written.writtenBytes ?? 0) - has) : undefined;
  const unreplayedBytes = replayedBytes === null ? undefined : Math.max(0, has - replayedBytes);
  // What it has replayed last may be old because nothing was written since.
  const lagMs = behindBytes === 0 && unreplayedBytes === 0 ? 0 : isSame ? (replayedAgoMs ?? undefined) : undefined;
  return {
    ...common,
    role: 'standby',
    timeline,
    ...(behindBytes !== undefined && { behindBytes }),
    ...(unreplayedBytes !== undefined && { unreplayedBytes }),
    ...(lagMs !== undefined && { lagMs: Math.max(0, lagMs) }),
  };
}

function writerFaults(writers: readonly SurveyedServer[]): readonly string[] {
  if (writers.length === 0) return ['No server of the configuration takes writes.'];
  if (writers.length === 1) return [];
  return [`${writers.length} servers take writes: ${writers.map(({ id }) => id).join(', ')}.`];
}

function processFaults({ servers }: Survey, processes: readonly ProcessState[]): readonly string[] {
  const met = processes.filter(({ id }) => id !== undefined);
  const top = Math.max(0, ...servers.map(({ facts }) => facts?.timeline ?? 0));
  const known = Math.max(0, ...met.map(({ highest = 0 }) => highest));
  const regressed = met.some(({ state }) => state === 'epoch-regressed') || (top > 0 && known > top);
  const without = met.filter(({ state }) => state !== 'ready');
  const primaries = primariesOf(met);
  return [
    ...(regressed
      ? [
          `Epoch regressed: the processes know timeline ${known}, and the servers are on ${top}. No server that answers has the writes of the newer timeline. If no server of it can come back: regionkit epoch reset --why TEXT.`,
        ]
      : []),
    ...(without.length > 0
      ? [
          `${without.length} of ${met.length} processes send no writes: ${[...new Set(without.map(({ state }) => state))].join(', ')}.`,
        ]
      : []),
    ...(primaries.length > 1 ? [`The processes do not agree on the primary: ${primaries.join('; ')}.`] : []),
  ];
}

/**
 * The primaries that the processes know, each once. A process without a pool for the primary knows its region alone (`us`),
 * and agrees with one that knows the server (`us/0`).
 */
function primariesOf(met: readonly ProcessState[]): readonly string[] {
  const known = new Set(
    met.flatMap(({ primary, timeline }) => (primary === undefined ? [] : [`${primary} on ${timeline}`])),
  );
  const regions = new Set([...known].filter((one) => one.includes('/')).map((one) => one.replace(/\/\d+ on /, ' on ')));
  return [...known].filter((one) => !regions.has(one));
}

/** What would be lost if the writer was lost now: what the best standby has not received. */
function lossNow(servers: readonly ServerState[]): string {
  const behind = servers.flatMap(({ behindBytes }) => (behindBytes === undefined ? [] : [behindBytes]));
  if (behind.length === 0) return 'No standby follows it, so everything would be lost with it.';
  return `If it was lost now, at most ${bytes(Math.min(...behind))} of WAL would be lost.`;
}
