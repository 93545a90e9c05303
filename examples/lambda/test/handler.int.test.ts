import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, ask, type RegionName, startTwoRegions, type TwoRegions, until } from 'example-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpApi, startHttpApi } from './http-api.ts';

describe.each([
  ['the lambda example', '../src/handler.ts', [4, 17]],
  ['a function that reaches the server of its own region alone', './own-server-handler.ts', [4]],
])('%s in two regions, each container frozen between its requests', (_, handler, frozenForSeconds) => {
  let regions: TwoRegions;
  let apis: Record<RegionName, HttpApi>;

  beforeEach(async ({ onTestFailed }) => {
    regions = await startTwoRegions();
    const start = (name: RegionName) => startHttpApi(regions.origins[name], regions.environment(name), handler);
    const [us, eu] = await Promise.all([start('us-east-1'), start('eu-west-1')]);
    apis = { 'us-east-1': us, 'eu-west-1': eu };
    onTestFailed(() => console.error(`us-east-1:\n${us.output}\neu-west-1:\n${eu.output}`));
    await writeUntilDone('us-east-1', 'the first');
  });
  afterEach(async () => {
    await Promise.all(Object.values(apis).map((api) => api.close()));
    await regions.close();
  });

  const write = (name: RegionName, text: string): Promise<Answer> =>
    ask(`${regions.origins[name]}/notes`, { method: 'POST', body: { text } });
  const writeUntilDone = (name: RegionName, text: string): Promise<Answer> =>
    until(
      () => write(name, text),
      ({ status }) => status === 201,
      90_000,
    );
  const read = (name: RegionName, token: string): Promise<Answer> =>
    ask(`${regions.origins[name]}/notes`, { headers: { 'x-region-token': token } });
  const inDatabase = async (name: RegionName): Promise<readonly unknown[]> =>
    (await regions.lab.region(name).query('select text from notes order by id')).map(({ text }) => text);

  it('forwards a write to the function of the other region, and reads it at home with the token', async () => {
    const written = await writeUntilDone('eu-west-1', 'from Ireland');
    expect(written.json()).toEqual({ region: 'us-east-1', text: 'from Ireland' });
    const token = String(written.headers['x-region-token']);
    const { json } = await until(
      () => read('eu-west-1', token),
      (answer) => answer.json<{ region: string }>().region === 'eu-west-1',
    );
    expect(json<{ notes: string[] }>().notes).toContain('from Ireland');
  });

  it.each(frozenForSeconds)(
    'writes nothing to a primary that was replaced while it was frozen for %i s',
    async (seconds) => {
      // The old primary stays up and still accepts writes. The container was frozen, so it does not know of the promotion.
      await regions.lab.failover({ to: 'eu-west-1' });
      await sleep(seconds * 1_000);
      const first = await write('us-east-1', 'after the thaw');
      expect([201, 503]).toContain(first.status);
      const written = await writeUntilDone('us-east-1', 'at last');
      expect(written.json()).toMatchObject({ region: 'eu-west-1' });
      expect(await inDatabase('us-east-1')).toEqual(['the first']);
    },
  );
});
