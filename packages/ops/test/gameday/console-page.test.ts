import { reservePorts } from '@regionkit/lab';
import { expect, it } from 'vitest';
import { createTracker } from '../../src/gameday/drill-status.ts';
import { openConsolePage } from '../../src/gameday/local/console-page.ts';
import { createAddresses } from '../../src/gameday/local/served.ts';
import type { DrillStart, OpsRecord } from '../../src/records/record.ts';

const START: DrillStart = {
  type: 'drill',
  id: 'd',
  scenario: 'region-loss',
  summary: 'A region dies.',
  mode: 'local',
  seed: 's',
  atMs: 1,
  objectiveMs: 60_000,
  rpoMs: 5_000,
};

it('a run with --serve has a page that shows its drill to who has the token, and ends with the run', async () => {
  using addresses = await createAddresses({ reservePorts });
  const tracker = createTracker();
  const told: OpsRecord[] = [];
  const page = await openConsolePage(addresses, tracker, (record) => void told.push(record));
  const [step] = told;
  if (step?.type !== 'step') throw new Error('its address was not told');
  const [url = ''] = (step.evidence ?? '').split(' ');
  expect(JSON.stringify(told)).not.toContain(addresses.operatorToken);

  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(new URL('events', url))).status).toBe(401);
  tracker.begin(START, ['detect', 'write', 'stable']);
  tracker.state('running');
  tracker.injected();
  const answer = await fetch(new URL('events', url), {
    headers: { authorization: `Bearer ${addresses.operatorToken}` },
  });
  let text = '';
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('event: status')) break;
  }
  expect(text).toContain('"scenario":"region-loss","summary":"A region dies.","state":"running","objectiveMs":60000');
  expect(text).toContain('{"name":"detect","state":"running"}');

  await page[Symbol.asyncDispose]();
  await expect(fetch(url)).rejects.toThrow();
});
