import { describe, expect, it } from 'vitest';
import type { OpsRecord } from '../../src/records/record.ts';
import { junit } from '../../src/render/junit.ts';

function file(...records: readonly OpsRecord[]): string {
  const report = junit('regionkit doctor');
  for (const record of records) report.add(record);
  return report.end();
}

const finding = (level: 'fault' | 'warning' | 'unknown', evidence = 'Evidence.'): OpsRecord => ({
  type: 'finding',
  id: 'replay-paused',
  level,
  where: 'eu/0',
  evidence,
  fix: 'Fix.',
});
const result = (exit: 0 | 1 | 3 | 130): OpsRecord => ({ type: 'result', exit, summary: 'Summary.' });

describe('the JUnit file', () => {
  it('has a failure for a fault, an error for what is not known, and output for a warning', () => {
    expect(
      file(finding('fault'), finding('unknown'), finding('warning'), result(1)),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="regionkit doctor" tests="3" failures="1" errors="1">
    <testcase name="replay-paused" classname="eu/0" time="0.000"><failure message="Evidence.">Evidence. Fix.</failure></testcase>
    <testcase name="replay-paused" classname="eu/0" time="0.000"><error message="Evidence.">Evidence. Fix.</error></testcase>
    <testcase name="replay-paused" classname="eu/0" time="0.000"><system-out>Evidence. Fix.</system-out></testcase>
  </testsuite>
</testsuites>
`);
  });

  it('has one test case that passes where nothing was found', () => {
    expect(file(result(0))).toContain('tests="1" failures="0" errors="0"');
  });

  it('has one error where the run ended before anything was found', () => {
    expect(file(result(130))).toContain('tests="1" failures="0" errors="1"');
  });

  it('is XML, whatever a server says', () => {
    const text = file(finding('fault', ']]>\u0000\ufffe<a b="c">&\u001b[2J\ud800'));
    expect(text).toContain('message="]]&gt;');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\ufffe]/u);
    expect(text).not.toContain('<a b=');
    expect(file(finding('fault', `${'x'.repeat(999)}😀`))).not.toMatch(/\p{Cs}/u);
  });
});
