import type { RegionRouter } from 'regionkit/db-router';

type Stop = () => Promise<unknown>;

/** Runs what `start` starts while this region has the primary. Returns what ends it for good. */
export function whilePrimary(router: RegionRouter, start: () => Promise<Stop>): Stop {
  let stop: Stop | undefined;
  let wanted = false;
  let turn: Promise<unknown> = Promise.resolve();
  const follow = async (): Promise<void> => {
    if (wanted && stop === undefined) stop = await start();
    else if (!wanted && stop !== undefined) {
      const before = stop;
      stop = undefined;
      await before();
    }
  };
  const want = (here: boolean): Promise<unknown> => {
    wanted = here;
    turn = turn.then(follow).catch((error) => console.error('the worker did not follow the primary:', error));
    return turn;
  };
  const offs = [
    router.on('primary', ({ region }) => void want(region === router.self)),
    router.on('primary-lost', () => void want(false)),
  ];
  void want(router.topology().primary?.region === router.self);
  return () => {
    for (const off of offs) off();
    return want(false);
  };
}
