import { describe, expect, it } from 'vitest';
import { primary, standby, story } from '../support/model.ts';
import { type Process, Survivors, writes } from '../support/survivors.ts';

/** The primary in `us`, one process that has accepted it in each region, and `ap` down since. */
function withoutAp(options?: ConstructorParameters<typeof Survivors>[0]) {
  const world = new Survivors(options);
  const [us, eu, ap] = (['us', 'eu', 'ap'] as const).map((region) => world.start(region)) as [
    Process,
    Process,
    Process,
  ];
  for (let round = 0; round < 2; round += 1) for (const process of world.processes) world.settle(process);
  world.stop(ap);
  world.kill('ap');
  world.later(20_000);
  for (const process of world.processes) world.settle(process);
  return { world, us, eu };
}

describe.each([
  ['every node answers', {}],
  ['the start is trusted', { coldStart: 'trust' }],
] as const)('a newcomer whose view asks its siblings, and %s', (_why, rules) => {
  const start = () => {
    const told = story({ ...rules, asksSiblings: true });
    told.says('us/0', primary(1, 1_000n, { server: 'us' }));
    told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
    told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
    return told;
  };

  it('writes nothing until they were asked, because they alone tell it of a pause', () => {
    const told = start();
    for (const region of ['eu', 'ap']) told.take({ type: 'asked', region, atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'unconfirmed', primary: undefined });
    told.take({ type: 'asked', region: 'us', atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });

  it('writes nothing to the primary of another region until that region was asked, because it alone tells of a pause there', () => {
    const told = story({ ...rules, asksSiblings: true, writes: 'remote-pool' });
    told.says('us/0', standby(1, 1_000n, { server: 'us' }));
    told.says('eu/0', primary(1, 1_000n, { server: 'eu' }));
    told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
    for (const region of ['us', 'ap']) told.take({ type: 'asked', region, atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'unconfirmed', primary: undefined });
    told.take({ type: 'asked', region: 'eu', atMs: told.nowMs });
    expect(told.topology).toMatchObject({ state: 'ready', primary: { region: 'eu' } });
  });

  it('reads before that', () => {
    expect(start().node('eu/0')).toMatchObject({ readable: true });
  });
});

describe('a newcomer beside a process that has accepted the primary', () => {
  it('takes writes at once while another region is down, and so does the one that replaces it', () => {
    const { world, us } = withoutAp();
    let last = us;
    for (let restart = 0; restart < 4; restart += 1) {
      const newcomer = world.start('us');
      world.settle(newcomer);
      expect(writes(newcomer.store)).toBe(writes(us.store));
      world.stop(last);
      last = newcomer;
    }
  });

  it('takes none before every node and every region was asked once', () => {
    const { world } = withoutAp();
    const newcomer = world.start('us');
    world.askOwn(newcomer, 0);
    world.probe(newcomer, 'us');
    world.probe(newcomer, 'eu');
    world.askRegion(newcomer, 'eu');
    expect(newcomer.store.topology.accepted).toBe(false);
    world.probe(newcomer, 'ap');
    expect(newcomer.store.topology.accepted).toBe(false);
    world.askRegion(newcomer, 'ap');
    expect(newcomer.store.topology).toMatchObject({ accepted: true, state: 'ready' });
  });

  it('believes a promotion at once that comes after the last process that saw the old primary has ended', () => {
    const { world, eu } = withoutAp();
    world.kill('us');
    for (const process of world.of('us')) world.stop(process);
    world.settle(eu);
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(newcomer.store.topology).toMatchObject({ accepted: true, state: 'no-primary' });
    world.stop(eu);
    world.promote('eu', 2);
    world.probe(newcomer, 'eu');
    expect(newcomer.store.topology.primary?.epoch).toMatchObject({ timeline: 2, owner: 'eu/0' });
  });

  it('takes nothing over from a sibling in which an operator declared an epoch void', () => {
    const { world, us, eu } = withoutAp();
    world.promote('eu', 2);
    for (const process of [us, eu]) world.settle(process);
    expect(writes(us.store)).toMatch(/^eu 2/);
    // A mistake: it is thrown away, and the operator says so in `us` alone.
    world.kill('eu');
    world.probe(us, 'eu');
    world.operator(us, 'reset');
    expect(writes(us.store)).toMatch(/^us 1/);
    const newcomer = world.start('us');
    world.settle(newcomer);
    expect(us.store.topology.vouches).toBe(false);
    expect(writes(newcomer.store)).toBeUndefined();
  });

  it('is fenced by what a sibling knows of a higher epoch, though it has accepted', () => {
    const { world, us } = withoutAp();
    const newcomer = world.start('us');
    world.settle(newcomer);
    world.tell(us, 2, 'ap');
    expect(writes(newcomer.store)).toMatch(/^us 1/);
    world.askOwn(newcomer, 0);
    expect(writes(newcomer.store)).toBeUndefined();
  });

  it('takes nothing over while its own name of the primary leads to another server than the sibling writes', () => {
    const { world } = withoutAp();
    const newcomer = world.start('us');
    world.restart('us');
    world.settle(newcomer);
    expect(newcomer.store.topology.accepted).toBe(false);
    for (const process of world.processes) world.settle(process);
    world.settle(newcomer);
    expect(newcomer.store.topology).toMatchObject({ accepted: true, state: 'ready' });
  });

  it('takes nothing over from a sibling that sees twins', () => {
    const { world, us } = withoutAp();
    world.promote('us', 2);
    world.settle(us);
    world.promote('eu', 2);
    world.settle(us);
    expect(us.store.topology.state).toBe('twin-primaries');
    world.kill('eu');
    const newcomer = world.start('us');
    world.settle(newcomer);
    expect(newcomer.store.topology.accepted).toBe(false);
    expect(writes(newcomer.store)).toBeUndefined();
  });

  it('vouches for nobody before it has seen the highest epoch on a node of its own', () => {
    const { world, eu } = withoutAp({ reach: 'own', writes: 'forward' });
    for (const process of world.of('us')) world.stop(process);
    world.tell(eu, 2, 'eu');
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(newcomer.store.topology).toMatchObject({ accepted: true, vouches: false });
    world.stop(eu);
    const second = world.start('eu');
    world.settle(second);
    expect(second.store.topology.accepted).toBe(false);
    world.promote('eu', 2);
    for (const process of [newcomer, second]) world.settle(process);
    world.settle(second);
    expect(second.store.topology).toMatchObject({ accepted: true, state: 'ready' });
  });
});

describe('a newcomer with pools of its own region alone', () => {
  /** `ap` claims a timeline that does not follow on the one that `us` writes, and `eu` reaches neither pool. */
  function withClaim() {
    const world = new Survivors({ reach: 'own', writes: 'forward' });
    const [us, eu] = (['us', 'eu', 'ap'] as const).map((region) => world.start(region)) as [Process, Process, Process];
    for (let round = 0; round < 2; round += 1) for (const process of world.processes) world.settle(process);
    world.promote('ap', 99);
    for (const process of world.of('ap')) world.settle(process);
    return { world, us, eu };
  }

  /** The region of the primary is out of reach of the newcomer, and it knows the claim before it asks its sibling. */
  function startWithClaim(world: Survivors) {
    world.heal();
    world.cut('us', 'eu');
    const newcomer = world.start('eu');
    for (const region of ['us', 'eu', 'ap'] as const) world.probe(newcomer, region);
    world.askRegion(newcomer, 'ap');
    world.askRegion(newcomer, 'us');
    expect(newcomer.store.topology.highest?.timeline).toBe(99);
    world.askOwn(newcomer, 0);
    return newcomer;
  }

  it('believes no jump over timelines that one region claims, where its sibling would not', () => {
    const { world, us, eu } = withClaim();
    expect(writes(eu.store)).toMatch(/^us 1/);
    const newcomer = startWithClaim(world);
    world.askRegion(eu, 'ap');
    expect(eu.store.topology.state).toBe('unconfirmed');
    expect(newcomer.store.topology).toMatchObject({ accepted: true, state: 'unconfirmed', claimedBy: 'ap' });
    expect([writes(newcomer.store), writes(us.store)]).toEqual([undefined, expect.stringMatching(/^us 1/)]);
  });

  it('believes none either beside a sibling that has refused that claim before', () => {
    const { world, eu } = withClaim();
    world.askRegion(eu, 'ap');
    expect(eu.store.topology.state).toBe('unconfirmed');
    world.cut('eu', 'ap');
    world.later(20_000);
    world.settle(eu);
    expect(writes(eu.store)).toMatch(/^us 1/);
    const newcomer = startWithClaim(world);
    expect(newcomer.store.topology).toMatchObject({ accepted: true, state: 'unconfirmed', claimedBy: 'ap' });
  });

  it('weighs no claim against a timeline that an operator has declared void since', () => {
    const world = new Survivors({ reach: 'own', writes: 'forward' });
    for (const region of ['us', 'eu', 'ap'] as const) world.start(region);
    for (let round = 0; round < 2; round += 1) for (const process of world.processes) world.settle(process);
    world.promote('us', 2);
    for (const process of world.processes) world.settle(process);
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(newcomer.store.facts.written).toMatchObject([{ timeline: 2 }]);
    world.operator(newcomer, 'reset');
    expect(newcomer.store.facts.written).toEqual([]);
    world.askOwn(newcomer, 0);
    expect(newcomer.store.facts.written).toEqual([]);
  });
});

describe('a process with the file of the one before it', () => {
  /** `us` has one process, which keeps a file and ends. `ap` is down. */
  function restarted(options?: ConstructorParameters<typeof Survivors>[0]) {
    const { world, us, eu } = withoutAp(options);
    world.remember(us);
    world.stop(us);
    return { world, us, eu };
  }

  it('takes writes while another region is down, and so does the one after it', () => {
    const { world, us } = restarted();
    for (let restart = 0; restart < 4; restart += 1) {
      world.later(9_000);
      const next = world.startWithFile('us');
      world.settle(next);
      expect(writes(next.store)).toBe(writes(us.store));
      world.remember(next);
      world.stop(next);
    }
  });

  it('takes none after a gap in which there may have been a failover', () => {
    const { world } = restarted();
    world.later(10_000);
    const next = world.startWithFile('us');
    world.settle(next);
    expect(next.store.topology).toMatchObject({ accepted: false, state: 'unconfirmed' });
  });

  it('takes none when the gap has grown too long before every region was asked', () => {
    const { world } = restarted();
    const next = world.startWithFile('us');
    for (const region of ['us', 'eu', 'ap'] as const) world.probe(next, region);
    world.askRegion(next, 'us');
    world.askRegion(next, 'eu');
    expect(next.store.topology.accepted).toBe(false);
    world.later(10_000);
    world.askRegion(next, 'ap');
    expect(next.store.topology.accepted).toBe(false);
  });

  it('hears the promotion that it missed from any region in reach', () => {
    const { world, eu } = restarted();
    world.promote('eu', 2);
    world.settle(eu);
    const next = world.startWithFile('us');
    world.settle(next);
    expect(writes(next.store)).toMatch(/^eu 2/);
  });

  it('does not believe it beside a living process that has accepted, and vouches for nothing', () => {
    const { world, us } = withoutAp();
    world.remember(us);
    world.promote('us', 2);
    world.promote('eu', 2);
    world.settle(us);
    expect(us.store.topology.state).toBe('twin-primaries');
    world.kill('eu');
    const next = world.startWithFile('us');
    world.settle(next);
    expect(next.store.topology.accepted).toBe(false);
  });

  it('confirms nothing again before it has measured the primary', () => {
    const { world, eu } = withoutAp({ reach: 'own', writes: 'forward' });
    world.tell(eu, 2, 'us');
    world.remember(eu);
    for (const process of [...world.processes]) world.stop(process);
    const next = world.startWithFile('eu');
    world.settle(next);
    expect(next.store.topology).toMatchObject({ accepted: true, vouches: false });
  });

  it('does not believe it while its own name of the primary leads to another server', () => {
    const { world } = restarted();
    world.restart('us');
    const next = world.startWithFile('us');
    world.settle(next);
    expect(next.store.topology.accepted).toBe(false);
  });
});

describe('a zombie that starts alone', () => {
  it('writes nothing, with one process or several, restarted again and again', () => {
    const { world } = withoutAp();
    for (const process of [...world.processes]) world.stop(process);
    world.promote('eu', 2);
    world.cut('us', 'eu');
    world.cut('us', 'ap');
    for (let restart = 0; restart < 3; restart += 1) {
      const newcomers = [world.start('us'), world.start('us'), world.start('us')];
      for (let round = 0; round < 2; round += 1) for (const newcomer of newcomers) world.settle(newcomer);
      for (const newcomer of newcomers)
        expect(newcomer.store.topology).toMatchObject({ accepted: false, state: 'unconfirmed' });
      for (const newcomer of newcomers.slice(0, 2)) world.stop(newcomer);
    }
  });

  it('is fenced in every process of its region as soon as one of them hears of the new primary', () => {
    const { world, us } = withoutAp();
    world.cut('us', 'eu');
    world.promote('eu', 2);
    const newcomer = world.start('us');
    world.settle(newcomer);
    world.stop(us);
    const next = world.start('us');
    world.settle(next);
    // No more credulous than the process it replaces, and no less.
    expect(writes(next.store)).toMatch(/^us 1/);
    world.tell(next, 2, 'eu');
    world.settle(newcomer);
    for (const process of [next, newcomer]) expect(writes(process.store)).toBeUndefined();
  });
});

describe("the claim of the primary's region", () => {
  it('is enough to forward, and makes nothing accepted and nothing run', () => {
    const { world } = withoutAp({ writes: 'forward' });
    for (const process of world.of('eu')) world.stop(process);
    const newcomer = world.start('eu');
    world.settle(newcomer);
    const { topology } = newcomer.store;
    expect(topology).toMatchObject({ state: 'ready', accepted: false, vouches: false });
    expect(topology.primary).toMatchObject({ region: 'us', node: undefined });
    expect(topology.nodes[0]).toMatchObject({ id: 'us/0', state: 'candidate' });
  });

  it('is not enough where writes are not forwarded', () => {
    const { world } = withoutAp({ writes: 'remote-pool' });
    for (const process of world.of('eu')) world.stop(process);
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(newcomer.store.topology.state).toBe('unconfirmed');
  });

  it('counts no longer than it is fresh', () => {
    const { world } = withoutAp({ reach: 'own', writes: 'forward' });
    for (const process of world.of('eu')) world.stop(process);
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(writes(newcomer.store)).toMatch(/^us 1/);
    for (const process of world.of('us')) world.stop(process);
    world.later(20_000);
    world.settle(newcomer);
    expect(writes(newcomer.store)).toBeUndefined();
  });

  it('is fenced by a sibling that knows of a higher epoch', () => {
    const { world, eu } = withoutAp({ writes: 'forward' });
    world.tell(eu, 2, 'ap');
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(writes(newcomer.store)).toBeUndefined();
  });

  it('does not make a database of its own region believed', () => {
    const { world } = withoutAp({ writes: 'forward' });
    for (const process of world.of('eu')) world.stop(process);
    world.kill('eu');
    const newcomer = world.start('eu');
    world.settle(newcomer);
    expect(writes(newcomer.store)).toMatch(/^us 1/);
    world.promote('eu', 2);
    world.cut('us', 'eu');
    world.settle(newcomer);
    expect(newcomer.store.topology.state).toBe('unconfirmed');
  });
});
