import { EXIT } from '../exit-codes.ts';
import type { DrillEnd, Finding, OpsRecord, Step } from '../records/record.ts';
import { describeEnd } from './describe-drill.ts';
import { plain } from './plain.ts';
import type { Renderer } from './renderer.ts';

/** One file for a CI: a test case for each step and finding. Warnings are cases that passed, with their text as output. */
export function junit(suite: string): Renderer {
  const cases: string[] = [];
  let failures = 0;
  let errors = 0;
  const add = (record: OpsRecord): string => {
    if (record.type === 'finding') {
      if (record.level === 'fault') failures += 1;
      if (record.level === 'unknown') errors += 1;
      cases.push(findingCase(record));
    }
    if (record.type === 'step' && record.state !== 'started' && record.state !== 'planned') {
      if (record.state === 'failed' || record.state === 'refused') failures += 1;
      if (record.state === 'unknown') errors += 1;
      cases.push(stepCase(record));
    }
    if (record.type === 'measured') {
      if (record.verdict === 'failed' || record.verdict === 'missed') failures += 1;
      if (record.verdict === 'unknown') errors += 1;
      cases.push(drillCase(record));
    }
    // A run without findings and steps: some CIs take a file without a test case for a mistake.
    if (record.type === 'result' && cases.length === 0) {
      const isWell = record.exit === EXIT.ok;
      if (!isWell) errors += 1;
      cases.push(testCase('result', suite, 0, isWell ? output(escaped(record.summary)) : error(record.summary, '')));
    }
    return '';
  };
  return {
    add,
    end: () =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite name="${escaped(suite)}" tests="${cases.length}" failures="${failures}" errors="${errors}">\n${cases.join('')}  </testsuite>\n</testsuites>\n`,
  };
}

function findingCase({ id, where, level, evidence, fix }: Finding): string {
  const text = escaped(`${evidence} ${fix}`);
  const passed = output(text);
  const body = { fault: failure(evidence, text), unknown: error(evidence, text), warning: passed, note: passed }[level];
  return testCase(id, where, 0, body);
}

function stepCase({ name, where, state, evidence, tookMs = 0 }: Step): string {
  const text = escaped(evidence);
  const body = state === 'done' ? output(text) : state === 'unknown' ? error(evidence, text) : failure(evidence, text);
  return testCase(name, where, tookMs, body);
}

/** The time of a drill is the time until everything was good again. */
function drillCase(end: DrillEnd): string {
  const [first = '', ...rest] = describeEnd(end);
  const { verdict, why, scenario, goodMs = 0 } = end;
  const text = escaped([first, ...rest].join(' '));
  const message = why[0] ?? first;
  const body =
    verdict === 'passed' ? output(text) : verdict === 'unknown' ? error(message, text) : failure(message, text);
  return testCase(scenario, 'gameday', goodMs, body);
}

const testCase = (name: string, where: string, tookMs: number, body: string): string =>
  `    <testcase name="${escaped(name)}" classname="${escaped(where)}" time="${(tookMs / 1_000).toFixed(3)}">${body}</testcase>\n`;
const failure = (message: string, text: string): string => `<failure message="${escaped(message)}">${text}</failure>`;
const error = (message: string, text: string): string => `<error message="${escaped(message)}">${text}</error>`;
const output = (text: string): string => `<system-out>${text}</system-out>`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return plain(text).replace(/[&<>"]/g, (found) => ENTITIES[found] as string);
}
