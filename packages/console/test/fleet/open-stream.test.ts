import { expect, it } from 'vitest';
import { openStream } from '../../src/fleet/open-stream.ts';

it.each([
  ['a token that no header carries', 'http://127.0.0.1:1/', 'a\nb'],
  ['an address that is none', 'http://127.0.0.1:99999/', 'a'],
])('ends later and throws nothing: %s', async (_name, url, token) => {
  let isOpened = false;
  const ended = await new Promise((resolve) => {
    openStream({
      url,
      token,
      agent: undefined,
      idleMs: 1_000,
      onEvent: () => {},
      // Called later than openStream() returns: the caller must be able to end the stream.
      onEnd: (why) => resolve([why, isOpened]),
    });
    isOpened = true;
  });
  expect(ended).toEqual(['lost', true]);
});

it('that could not be opened says nothing once it is ended', async () => {
  const said: string[] = [];
  openStream({
    url: 'http://127.0.0.1:1/',
    token: 'a\nb',
    agent: undefined,
    idleMs: 1_000,
    onEvent: () => {},
    onEnd: (why) => void said.push(why),
  })();
  await new Promise(setImmediate);
  expect(said).toEqual([]);
});
