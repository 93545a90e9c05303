import type { Command, Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { Finding, Level } from '../records/record.ts';
import { CHECKS } from './checks.ts';
import { examine } from './examine.ts';
import { findAlone } from './find-alone.ts';
import { failoverTime } from './front/failover-time.ts';
import { names } from './say.ts';

const TIMEOUT_MS = 5_000;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Looks for faults of a setup before they matter; says what to do.',
  usage: '[--region R] [--only ID] [--strict] [--explain ID]',
  options: {
    region: { type: 'string', multiple: true, value: 'R', help: 'only findings of this region and of the whole fleet' },
    only: { type: 'string', multiple: true, value: 'ID', help: 'only this check' },
    strict: { type: 'boolean', help: 'a warning counts as a fault' },
    explain: { type: 'string', value: 'ID', help: 'say what a check looks for and why it matters' },
  },
  examples: [
    'regionkit doctor',
    'regionkit doctor --region eu-west-1 --json',
    'regionkit doctor --explain two-writers',
  ],
  run: (context) =>
    typeof context.values['explain'] === 'string' ? explain(context.values['explain']) : search(context),
};

function byId(id: string): (typeof CHECKS)[number] {
  const check = CHECKS.find((one) => one.id === id);
  if (check === undefined) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `there is no such check; the checks are ${CHECKS.map((one) => one.id).join(', ')}`,
    );
  }
  return check;
}

async function explain(id: string): Promise<Outcome> {
  const { title, why, incident } = byId(id);
  return { exit: EXIT.ok, summary: `${id}: ${title}. ${why} The kind of incident: ${incident}` };
}

async function search({ values, positionals, config, emit, signal }: Context): Promise<Outcome> {
  if (positionals.length > 0) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `${JSON.stringify(positionals[0])} belongs to no option (regionkit doctor --help)`,
    );
  }
  const only = values['only'] as readonly string[] | undefined;
  const checks = only === undefined ? CHECKS : only.map(byId);
  const operations = await config();
  const regions = values['region'] as readonly string[] | undefined;
  const missing = regions?.find((name) => operations.regions.every((region) => region.name !== name));
  if (missing !== undefined) {
    const names = operations.regions.map(({ name }) => name).join(', ');
    throw new OpsError('ERR_OPS_USAGE', `--region: the configuration has no such region; it has ${names}`);
  }
  const subject = subjectOf(operations);
  emit({ type: 'progress', text: `asking ${subject}` });
  const fleet = await examine(operations, signal, TIMEOUT_MS);
  // What was not examined because of Ctrl-C is no finding.
  signal.throwIfAborted();
  const isAsked = ({ where }: { readonly where: string }): boolean =>
    regions === undefined || where === 'fleet' || regions.includes(where.split('/')[0] as string);
  const findings = checks.flatMap((check) =>
    (only === undefined ? check.find(fleet) : findAlone(check, fleet))
      .filter(isAsked)
      .map((found): Finding => ({ type: 'finding', id: check.id, ...found })),
  );
  for (const finding of findings) emit(finding);
  const { exit, summary } = verdict(
    findings,
    values['strict'] === true,
    `${counted(checks.length, 'check')} of ${subject}`,
  );
  const time = failoverTime(operations, fleet.front);
  if (time === undefined) return { exit, summary };
  return { exit, summary: `${summary} DNS moves clients away from a lost region within ${time.sentence}.` };
}

/** `3 servers, 2 origins and 1 host`. */
function subjectOf({ nodes, regions, hosts }: Operations): string {
  const counts = [
    [nodes.length, 'server'],
    [regions.filter(({ origin }) => origin !== undefined).length, 'origin'],
    [regions.filter(({ patroni }) => patroni !== undefined).length, 'Patroni API'],
    [hosts.length, 'host'],
  ] as const;
  const given = counts.filter(([count]) => count > 0);
  if (given.length === 0) {
    throw new OpsError(
      'ERR_OPS_CONFIG',
      'the configuration names no databases, no origin and no hosts: there is nothing to examine',
    );
  }
  return names(given.map(([count, thing]) => counted(count, thing)));
}

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

function verdict(findings: readonly Finding[], strict: boolean, examined: string): Outcome {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const [faults, warnings, unknown, notes] = [count('fault'), count('warning'), count('unknown'), count('note')];
  const more = notes === 0 ? '' : ` ${counted(notes, 'note')}.`;
  const summary = `${examined}: ${counted(faults, 'fault')}, ${counted(warnings, 'warning')}, ${unknown} not known.${more}`;
  if (faults > 0 || (strict && warnings > 0)) return { exit: EXIT.fault, summary };
  return { exit: unknown > 0 ? EXIT.unknown : EXIT.ok, summary };
}
