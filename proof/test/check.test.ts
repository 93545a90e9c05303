import { describe, expect, it } from 'vitest';
import { checkHistory } from '../src/check/check.ts';
import type {
  Entry,
  Knowledge,
  OperationEntry,
  PauseEntry,
  Position,
  PromotionNote,
  RestartNote,
} from '../src/history/entries.ts';
import { UNKNOWN_LSN } from '../src/history/position.ts';
import { REGIONS, type Region } from '../src/regions.ts';
import { type HistoryBuilder, saw, writeHistory, wrote } from './histories.ts';

const broken = (entries: readonly Entry[]): string[] => [...new Set(checkHistory(entries).map(({ rule }) => rule))];

/** `0/64` is 100: what lies beyond is not in timeline 2. */
const promotion = (given: Partial<PromotionNote> = {}): PromotionNote => ({
  region: 'eu',
  parent: 1,
  timeline: 2,
  fork: '0/64',
  ...given,
});
const failover = (history: HistoryBuilder): void =>
  history.fault({ kind: 'failover', to: 'eu' }, { promotions: [promotion()] });
const knowing = (given: Partial<Knowledge> = {}): Knowledge => ({
  region: 'us',
  timeline: 2,
  state: 'ready',
  forks: [{ parent: 1, child: 2, lsn: '100' }],
  ...given,
});
const abandoned = { survives: false } as const;
/** As tokens name its node. */
const AP = '68f8181a';
/** `0/60` is 96: where the one that was not kept left. */
const twins = (history: HistoryBuilder): void =>
  history.fault(
    { kind: 'twins', keep: 'eu', other: 'ap' },
    { promotions: [promotion({ region: 'ap', fork: '0/60' }), promotion()] },
  );

describe('checkHistory', () => {
  it('finds nothing in a history in which all is well', () => {
    const history = writeHistory();
    const set = history.op('set', { version: 1, received: [wrote(50)] });
    history.op('get', { version: 1, value: set, sent: [wrote(50)], received: [saw(60)] });
    const append = history.op('append');
    history.op('list', { entries: [append], region: 'eu' });
    history.op('append-slowly', { outcome: 'rolled-back', code: 'ERR_ROLLED_BACK' });
    history.op('append', { outcome: 'unknown', status: 500 });
    history.op('visit', { redirects: ['eu'] });
    expect(broken(history.entries())).toEqual([]);
  });

  it('refuses a history that was cut short', () => {
    const history = writeHistory();
    history.op('set');
    expect(() => checkHistory(history.entries().slice(0, -1))).toThrow(/cut short/);
  });
});

describe('read-your-writes', () => {
  it('is broken by a register that is older than what its client set', () => {
    const history = writeHistory();
    const first = history.op('set', { version: 1 });
    const second = history.op('set', { version: 2 });
    const read = history.op('get', { version: 1, value: first });
    const [violation, ...more] = checkHistory(history.entries());
    expect(more).toEqual([]);
    expect(violation).toMatchObject({ rule: 'read-your-writes', operations: [second, read] });
  });

  it('is broken by a register that was never set, and by a list without the entry', () => {
    for (const [write, read] of [
      ['set', 'get'],
      ['append', 'list'],
      ['append-batch', 'list'],
      ['append-pooled', 'list'],
    ] as const) {
      const history = writeHistory();
      history.op(write, { version: 1 });
      history.op(read, { entries: [] });
      expect(broken(history.entries())).toEqual(['read-your-writes']);
    }
  });

  it('is broken by a value from a history that was left before the client wrote, whatever its version', () => {
    const history = writeHistory();
    failover(history);
    history.op('set', { version: 3, rows: [{ timeline: 2 }] });
    const stray = history.op('set', {
      client: 'bob',
      key: 'register/ada',
      outcome: 'unknown',
      rows: [{ ...abandoned, timeline: 1, version: 9 }],
    });
    history.op('get', { version: 9, value: stray });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['read-your-writes']);
  });

  it('is broken by the same version of a register with the value of another history', () => {
    const history = writeHistory();
    failover(history);
    history.op('set', { version: 3, rows: [{ timeline: 2 }] });
    const stray = history.op('set', { client: 'bob', key: 'register/ada', version: 3, rows: [abandoned] });
    history.op('get', { version: 3, value: stray });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['read-your-writes']);
  });

  it('is broken by a read that lacks a write before that was lost, whatever the answer says', () => {
    for (const announced of [undefined, 'unknown'] as const) {
      const history = writeHistory();
      history.op('append', { received: [wrote(150)], rows: [abandoned] });
      history.op('list', { entries: [], sent: [wrote(150)], ...(announced && { announced }) });
      failover(history);
      expect(broken(history.entries({ timeline: 2 }))).toContain('read-your-writes');
    }
  });

  it('asks nothing of clients that carry no token, nor of writes that were not acknowledged', () => {
    const history = writeHistory();
    history.op('set', { carries: 'nothing', client: 'bob', version: 1 });
    history.op('get', { carries: 'nothing', client: 'bob', key: 'register/ada' });
    history.op('append', { outcome: 'unknown', status: 0, failure: 'ECONNRESET', region: 'ap' });
    history.fault({ kind: 'kill-app', region: 'ap' }, { startMs: 0, endMs: 1 });
    history.op('list', { entries: [] });
    expect(broken(history.entries())).toEqual([]);
  });
});

describe('lost-silently', () => {
  const lostWrite = (): HistoryBuilder => {
    const history = writeHistory();
    history.op('append', { received: [wrote(150)], rows: [abandoned] });
    failover(history);
    return history;
  };

  it('is broken by a read that brings the token of a lost write and is not told', () => {
    const history = lostWrite();
    history.op('list', { entries: [], sent: [wrote(150)] });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['lost-silently']);
  });

  it('is kept by an answer that says so, or that says it cannot know', () => {
    for (const announced of ['lost', 'unknown'] as const) {
      const history = lostWrite();
      history.op('list', { entries: [], sent: [wrote(150)], announced });
      expect(broken(history.entries({ timeline: 2 }))).toEqual([]);
    }
  });

  it('is broken by a register that has been set as often in the history that goes on', () => {
    const read = (announced?: 'lost'): string[] => {
      const history = writeHistory();
      history.op('set', { version: 2, received: [wrote(150)], rows: [abandoned] });
      failover(history);
      const later = history.op('set', { client: 'bob', key: 'register/ada', version: 3, rows: [{ timeline: 2 }] });
      history.op('get', { version: 3, value: later, sent: [wrote(150)], ...(announced && { announced }) });
      return broken(history.entries({ timeline: 2 }));
    };
    expect(read()).toEqual(['lost-silently']);
    expect(read('lost')).toEqual([]);
  });

  it('asks nothing once the token is no longer carried', () => {
    const history = lostWrite();
    history.op('list', { entries: [], sent: [saw(160, 2), wrote(90), { ...wrote(200), owner: 'bb' }] });
    expect(broken(history.entries({ timeline: 2 }))).toEqual([]);
  });
});

describe('monotonic-reads', () => {
  it('is broken by a read that lacks what the client had read before', () => {
    const history = writeHistory();
    const one = history.op('append', { client: 'bob', key: 'list/shared/0' });
    const two = history.op('append', { client: 'bob', key: 'list/shared/0' });
    history.op('list', { key: 'list/shared/0', entries: [one, two] });
    history.op('list', { key: 'list/shared/0', entries: [one], region: 'ap' });
    expect(broken(history.entries())).toEqual(['monotonic-reads']);
  });

  it('is broken by a register that goes back', () => {
    const history = writeHistory();
    const one = history.op('set', { client: 'bob', key: 'register/shared/0', version: 1 });
    const two = history.op('set', { client: 'bob', key: 'register/shared/0', version: 2 });
    history.op('get', { key: 'register/shared/0', version: 2, value: two });
    history.op('get', { key: 'register/shared/0', version: 1, value: one });
    expect(broken(history.entries())).toEqual(['monotonic-reads']);
  });

  it('is broken by a read that lacks what will be lost only later', () => {
    const read = (lost: 'before' | 'after'): string[] => {
      const history = writeHistory();
      const append = history.op('append', { client: 'bob', rows: [abandoned], key: 'list/shared/0' });
      history.op('list', { key: 'list/shared/0', entries: [append] });
      if (lost === 'before') failover(history);
      history.op('list', { key: 'list/shared/0', entries: [] });
      if (lost === 'after') failover(history);
      return broken(history.entries({ timeline: 2 }));
    };
    expect(read('before')).toEqual([]);
    expect(read('after')).toEqual(['monotonic-reads']);
  });

  it('asks nothing of what was lost, of clients that carry half, and of runs without it', () => {
    const lost = writeHistory();
    const append = lost.op('append', { client: 'bob', outcome: 'unknown', rows: [abandoned], key: 'list/shared/0' });
    failover(lost);
    lost.op('list', { key: 'list/shared/0', entries: [append] });
    lost.op('list', { key: 'list/shared/0', entries: [] });
    expect(broken(lost.entries({ timeline: 2 }))).toEqual([]);

    const backwards = (carries: 'both' | 'written'): HistoryBuilder => {
      const history = writeHistory();
      const one = history.op('append', { client: 'bob', key: 'list/shared/0' });
      history.op('list', { carries, key: 'list/shared/0', entries: [one] });
      history.op('list', { carries, key: 'list/shared/0', entries: [] });
      return history;
    };
    expect(broken(backwards('written').entries())).toEqual([]);
    const deployment = { writes: 'forward', pools: 'all', store: true, monotonicReads: false } as const;
    expect(broken(backwards('both').entries({ run: { deployment } }))).toEqual([]);
  });
});

describe('lists', () => {
  it('show nothing twice, nothing nobody appended, and one client in its order', () => {
    const history = writeHistory();
    const one = history.op('append', { client: 'bob', key: 'list/shared/0' });
    const two = history.op('append', { client: 'bob', key: 'list/shared/0' });
    const read = (entries: readonly string[]): Entry[] => {
      history.op('list', { key: 'list/shared/0', carries: 'nothing', client: `reader ${entries.join()}`, entries });
      return history.entries();
    };
    expect(broken(read([one, two]))).toEqual([]);
    expect(checkHistory(read([two, one])).map(({ rule }) => rule)).toEqual(['reordered']);
    expect(checkHistory(read([one, two, two])).map(({ rule }) => rule)).toContain('duplicate');
    expect(checkHistory(read([one, 'nobody-1'])).map(({ rule }) => rule)).toContain('phantom');
  });
});

describe('registers', () => {
  const read = (value: string, version: number): string[] => {
    const history = writeHistory();
    history.op('set', { id: 'bob-1', client: 'bob', version: 4 });
    history.op('set', { id: 'bob-2', client: 'bob', key: 'register/bob', version: 4 });
    history.op('set', { id: 'bob-3', client: 'bob', outcome: 'unknown', status: 500 });
    history.op('get', { value, version });
    return broken(history.entries());
  };

  it('show what somebody set there, as it was set', () => {
    expect(read('bob-1', 4)).toEqual([]);
    expect(read('bob-1', 5)).toEqual(['phantom']);
    expect(read('bob-2', 4)).toEqual(['phantom']);
    expect(read('nobody-1', 4)).toEqual(['phantom']);
  });

  it('and lists show nothing that is in no data directory', () => {
    expect(read('bob-3', 4)).toEqual(['phantom']);
    const list = writeHistory();
    const undone = list.op('append', { client: 'bob', outcome: 'unknown', status: 500 });
    list.op('list', { entries: [undone] });
    expect(broken(list.entries())).toEqual(['phantom']);
  });
});

describe('token-short', () => {
  const write = (received: readonly Position[], kind: 'append' | 'append-batch' = 'append'): string[] => {
    const history = writeHistory();
    const parts = kind === 'append' ? [{}] : [{}, { part: 1, lsn: '60' }];
    history.op(kind, { carries: 'nothing', received, rows: parts.map((part) => ({ lsn: '50', ...part })) });
    return broken(history.entries());
  };

  it('is broken by an acknowledged write whose token does not reach it', () => {
    expect(write([])).toEqual(['token-short']);
    expect(write([wrote(50)])).toEqual(['token-short']);
    expect(write([saw(51)])).toEqual(['token-short']);
    expect(write([wrote(51, 2)])).toEqual(['token-short']);
    expect(write([wrote(51)], 'append-batch')).toEqual(['token-short']);
  });

  it('is kept by one that does, and by one that stands for any position', () => {
    expect(write([wrote(51)])).toEqual([]);
    expect(write([saw(40), wrote(51)])).toEqual([]);
    expect(write([{ ...wrote(0), lsn: UNKNOWN_LSN }])).toEqual([]);
    expect(write([wrote(61)], 'append-batch')).toEqual([]);
  });
});

describe('token-short, of a client', () => {
  const goOn = (sent: readonly Position[], given: { carries?: 'written'; monotonicReads?: false } = {}): string[] => {
    const { carries = 'both', monotonicReads = true } = given;
    const history = writeHistory();
    const append = history.op('append', { client: 'bob', key: 'list/shared/0', rows: [{ lsn: '50' }] });
    history.op('list', { carries, key: 'list/shared/0', entries: [append] });
    history.op('visit', { carries, sent });
    const deployment = { writes: 'forward', pools: 'all', store: true, monotonicReads } as const;
    return broken(history.entries({ run: { deployment } }));
  };

  it('is broken by a client that goes on with less than it was shown', () => {
    expect(goOn([])).toEqual(['token-short']);
    expect(goOn([saw(50)])).toEqual(['token-short']);
  });

  it('is broken by a client that is left with less later on', () => {
    const goOnWith = (...tokens: readonly Position[]): string[] => {
      const history = writeHistory();
      history.op('append', { carries: 'written', received: [wrote(51)] });
      for (const token of tokens) history.op('visit', { carries: 'written', sent: [token] });
      return broken(history.entries());
    };
    expect(goOnWith(wrote(51), saw(50))).toEqual(['token-short']);
    expect(goOnWith(wrote(51), saw(51))).toEqual([]);
  });

  it('is kept by whatever it brings that reaches so far', () => {
    expect(goOn([saw(51)])).toEqual([]);
    expect(goOn([wrote(51), saw(20)])).toEqual([]);
    expect(goOn([saw(40, 2)])).toEqual([]);
  });

  it('asks nothing of what will be lost, of clients that carry half, and of runs without monotonic reads', () => {
    expect(goOn([], { carries: 'written' })).toEqual([]);
    expect(goOn([], { monotonicReads: false })).toEqual([]);
    const lost = writeHistory();
    const append = lost.op('append', { client: 'bob', key: 'list/shared/0', rows: [abandoned] });
    lost.op('list', { key: 'list/shared/0', entries: [append] });
    lost.op('visit', { sent: [] });
    failover(lost);
    expect(broken(lost.entries({ timeline: 2 }))).toEqual([]);
  });
});

describe('duplicate', () => {
  it('is broken by two rows of one statement, in one history or in two', () => {
    const twice = writeHistory();
    twice.op('append', { rows: [{}, {}] });
    expect(broken(twice.entries())).toEqual(['duplicate']);

    const across = writeHistory();
    failover(across);
    across.op('append', { rows: [abandoned, { timeline: 2, from: 'eu' }] });
    expect(broken(across.entries({ timeline: 2 }))).toEqual(['duplicate']);
  });

  it('is kept by copies of one row in several directories, and by the parts of a transaction', () => {
    const history = writeHistory();
    const origin = { lsn: '900', transaction: '800' };
    history.op('append', { rows: [origin, { ...origin, from: 'eu', survives: false }] });
    history.op('append-slowly');
    expect(broken(history.entries())).toEqual([]);
  });
});

describe('torn-transaction', () => {
  it('is broken by half of a transaction in any directory', () => {
    const history = writeHistory();
    history.op('append-slowly', { outcome: 'unknown', rows: [{ part: 0, survives: false, from: 'ap' }] });
    expect(broken(history.entries())).toEqual(['torn-transaction']);
  });
});

describe('losses', () => {
  const lose = (fork: (history: HistoryBuilder) => void, lsn: number): string[] => {
    const history = writeHistory();
    history.op('append', { received: [wrote(lsn)], rows: [abandoned] });
    fork(history);
    return broken(history.entries({ timeline: 2 }));
  };

  it('are allowed in a failover, beyond the fork only', () => {
    expect(lose(failover, 101)).toEqual([]);
    expect(lose(failover, 100)).toEqual(['lost-below-fork']);
  });

  it('are not allowed in a switchover', () => {
    const switchover = (history: HistoryBuilder): void =>
      history.fault({ kind: 'switchover', to: 'eu' }, { promotions: [promotion()] });
    expect(lose(switchover, 101)).toEqual(['lost-in-switchover']);
  });

  it('are not allowed on a timeline that nobody left', () => {
    const history = writeHistory();
    history.op('append', { rows: [abandoned] });
    expect(broken(history.entries())).toEqual(['lost-without-cause']);
  });

  it('are judged by the last fork the history in force has passed', () => {
    const history = writeHistory();
    history.op('append', { received: [wrote(150)], rows: [abandoned] });
    failover(history);
    history.op('append', { received: [wrote(400, 2)], rows: [{ ...abandoned, timeline: 2 }] });
    history.fault(
      { kind: 'switchover', to: 'ap' },
      { promotions: [promotion({ region: 'ap', parent: 2, timeline: 3, fork: '0/200' })] },
    );
    expect(broken(history.entries({ timeline: 3 }))).toEqual(['lost-in-switchover']);
  });

  it('leave the write somewhere: what was acknowledged was done', () => {
    const history = writeHistory();
    history.op('append', { rows: [] });
    expect(broken(history.entries())).toEqual(['acknowledged-nowhere']);
  });

  it('are allowed on the other one when two were promoted at once, and beyond the fork of the one that was kept', () => {
    const lost = (position: Position, goesOn: boolean): string[] => {
      const history = writeHistory();
      twins(history);
      history.op('append', { received: [position], rows: [{ ...abandoned, timeline: position.timeline, from: 'ap' }] });
      if (goesOn) {
        history.fault(
          { kind: 'failover', to: 'us' },
          { promotions: [promotion({ region: 'us', parent: 2, timeline: 3, fork: '0/C8' })] },
        );
      }
      return broken(history.entries({ timeline: goesOn ? 3 : 2 }));
    };
    const ofOther = { ...wrote(110, 2), owner: AP };
    expect(lost(ofOther, false)).toEqual([]);
    expect(lost(ofOther, true)).toEqual([]);
    expect(lost(wrote(110, 2), false)).toEqual(['lost-without-cause']);
    expect(lost(wrote(110, 2), true)).toEqual(['lost-below-fork']);
    expect(lost(wrote(101), false)).toEqual([]);
    expect(lost(wrote(100), false)).toEqual(['lost-below-fork']);
  });
});

describe('announcements', () => {
  const bring = (lsn: string, given: { announced?: 'lost' | 'unknown'; knew?: Knowledge[] }): string[] => {
    const history = writeHistory();
    failover(history);
    history.op('list', { entries: [], sent: [{ ...wrote(0), lsn }], served: 'us', ...given });
    return broken(history.entries({ timeline: 2 }));
  };

  it('are owed for a write token beyond a fork the app knew', () => {
    expect(bring('101', { knew: [knowing()] })).toEqual(['loss-not-announced']);
    expect(bring('101', { knew: [knowing()], announced: 'lost' })).toEqual([]);
  });

  it('are not owed while the fork is not known, nor by an app that only passed the request on', () => {
    expect(bring('101', { knew: [knowing({ forks: [] })] })).toEqual([]);
    expect(bring('101', { knew: [knowing({ timeline: 1 })] })).toEqual([]);
    expect(bring('101', { knew: [knowing({ region: 'ap' })] })).toEqual([]);
    expect(bring(UNKNOWN_LSN, { knew: [knowing()] })).toEqual([]);
  });

  it('are false at or below the fork', () => {
    expect(bring('100', { knew: [knowing()] })).toEqual([]);
    expect(bring('100', { knew: [knowing()], announced: 'lost' })).toEqual(['loss-announced-falsely']);
  });

  it('are false before anybody was promoted, and after a switchover, which loses nothing', () => {
    const told = (announced: 'lost' | 'unknown', lsn: string, promote?: 'before' | 'after' | 'planned'): string[] => {
      const history = writeHistory();
      if (promote === 'before') failover(history);
      if (promote === 'planned') history.fault({ kind: 'switchover', to: 'eu' }, { promotions: [promotion()] });
      history.op('list', { entries: [], sent: [{ ...wrote(0), lsn }], announced });
      if (promote === 'after') failover(history);
      return broken(history.entries({ timeline: promote === undefined ? 1 : 2 }));
    };
    expect(told('lost', '101', 'before')).toEqual([]);
    expect(told('lost', '101', 'after')).toEqual(['loss-announced-falsely']);
    expect(told('lost', '101', 'planned')).toEqual(['loss-announced-falsely']);
    expect(told('unknown', '90', 'before')).toEqual([]);
    expect(told('unknown', '90', 'planned')).toEqual([]);
    expect(told('unknown', UNKNOWN_LSN)).toEqual([]);
    expect(told('unknown', '90')).toEqual(['loss-announced-falsely']);
    expect(told('unknown', '101', 'after')).toEqual(['loss-announced-falsely']);
  });

  it('are as due and as false when two were promoted at once', () => {
    const told = (announced: 'lost' | 'unknown', sent: Position): string[] => {
      const history = writeHistory();
      twins(history);
      history.op('list', { entries: [], sent: [sent], announced });
      return broken(history.entries({ timeline: 2 }));
    };
    expect(told('lost', wrote(101))).toEqual([]);
    expect(told('lost', wrote(97))).toEqual([]);
    expect(told('lost', wrote(96))).toEqual(['loss-announced-falsely']);
    expect(told('lost', { ...wrote(110, 2), owner: AP })).toEqual([]);
    expect(told('lost', wrote(110, 2))).toEqual(['loss-announced-falsely']);
    expect(told('unknown', wrote(110, 2))).toEqual([]);
  });

  it('follow the forks over several promotions', () => {
    const history = writeHistory();
    failover(history);
    history.fault(
      { kind: 'failover', to: 'ap' },
      { promotions: [promotion({ region: 'ap', parent: 2, timeline: 3, fork: '0/C8' })] },
    );
    const forks = [
      { parent: 2, child: 3, lsn: '200' },
      { parent: 1, child: 2, lsn: '100' },
    ];
    history.op('list', { entries: [], sent: [wrote(150)], served: 'us', knew: [knowing({ timeline: 3, forks })] });
    expect(broken(history.entries({ timeline: 3 }))).toEqual(['loss-not-announced']);
  });
});

describe('answers', () => {
  it('hold their word: what they said did not happen did not', () => {
    for (const outcome of ['not-sent', 'rolled-back', 'rejected'] as const) {
      const history = writeHistory();
      history.op('append', { outcome, rows: [{ survives: false, from: 'ap' }] });
      expect(broken(history.entries())).toEqual(['happened-against-word']);
    }
  });

  it('say what became of the request', () => {
    const history = writeHistory();
    history.op('append', { outcome: 'none', status: 500 });
    expect(broken(history.entries())).toEqual(['error-without-outcome']);
  });

  it('come, unless the app was stopped or killed meanwhile', () => {
    const silence = { outcome: 'unknown', status: 0, failure: 'ECONNRESET', startMs: 100, endMs: 900 } as const;
    const alone = writeHistory();
    alone.op('append', silence);
    expect(broken(alone.entries())).toEqual(['no-answer']);

    const disturb = (begin: number, end: number, region: 'us' | 'eu'): string[] => {
      const history = writeHistory();
      history.fault({ kind: 'stop-app', region }, { startMs: begin, endMs: begin + 1 });
      history.fault({ kind: 'continue-app', region }, { startMs: end, endMs: end + 1 });
      history.op('append', silence);
      return broken(history.entries());
    };
    expect(disturb(500, 600, 'us')).toEqual([]);
    expect(disturb(50, 2_000, 'us')).toEqual([]);
    expect(disturb(500, 600, 'eu')).toEqual(['no-answer']);
    expect(disturb(10, 60, 'us')).toEqual(['no-answer']);
    const restart = (region: 'us' | 'eu'): string[] => {
      const history = writeHistory();
      history.fault({ kind: 'pause', restart: 'process', in: region }, { startMs: 50, endMs: 2_000 });
      history.op('append', silence);
      return broken(history.entries());
    };
    expect(restart('us')).toEqual([]);
    expect(restart('eu')).toEqual(['no-answer']);
  });

  it('come in time from an app that was stopped only for a moment', () => {
    const wait = (stoppedMs: number): string[] => {
      const history = writeHistory();
      history.fault({ kind: 'stop-app', region: 'us' }, { startMs: 8_000, endMs: 8_000 });
      history.fault({ kind: 'continue-app', region: 'us' }, { startMs: 8_000, endMs: 8_000 + stoppedMs });
      history.op('append', { outcome: 'unknown', status: 0, failure: 'timeout', startMs: 100, endMs: 15_100 });
      return broken(history.entries());
    };
    expect(wait(300)).toEqual(['no-answer']);
    expect(wait(2_000)).toEqual([]);
    expect(wait(20_000)).toEqual([]);
  });

  it('lead to a region or nowhere', () => {
    const history = writeHistory();
    history.op('visit', { status: 302, redirects: [] });
    expect(broken(history.entries())).toEqual(['redirect-astray']);
  });

  it('redirect once at most', () => {
    const history = writeHistory();
    history.op('visit', { redirects: ['eu', 'us'] });
    expect(broken(history.entries())).toEqual(['redirect-loop']);
  });

  it('come from an app that does not end by itself', () => {
    const history = writeHistory();
    history.add({ type: 'exit', region: 'eu', atMs: 50, why: 'status 1' });
    expect(broken(history.entries())).toEqual(['app-ended']);
  });

  it('are given again in every region once all is repaired', () => {
    const history = writeHistory();
    history.op('append', { region: 'us', final: true, outcome: 'not-sent' });
    expect(broken(history.entries({ recovered: false }))).toEqual(['not-recovered']);
    expect(checkHistory(history.entries({ recovered: false }))).toHaveLength(6);
  });

  it('are given to every client for all it wrote to, once all is repaired', () => {
    const read = (pools: 'all' | 'local', hint?: string): string[] => {
      const history = writeHistory();
      const refused = { final: true, outcome: 'not-sent', key: 'list/ada/0' } as const;
      history.op('list', { ...refused, region: 'eu', ...(hint !== undefined && { hint }) });
      history.op('list', { ...refused, region: 'us' });
      history.op('list', { ...refused, region: 'us', outcome: 'ok', entries: [] });
      const deployment = { writes: 'forward', pools, store: true, monotonicReads: true } as const;
      return broken(history.entries({ run: { deployment } }));
    };
    expect(read('all', 'us')).toEqual(['not-recovered']);
    expect(read('local')).toEqual(['not-recovered']);
    expect(read('local', 'us')).toEqual([]);
  });

  it('may point to the primary where writes are rejected, and nowhere else', () => {
    const deployment = { writes: 'reject', pools: 'all', store: true, monotonicReads: true } as const;
    const reject = (hint: string): string[] => {
      const history = writeHistory();
      for (const region of REGIONS) {
        const refusal = region === 'us' ? {} : ({ outcome: 'not-sent', hint } as const);
        history.op('append', { region, final: true, ...refusal });
        history.op('list', { region, final: true, key: 'list/none', entries: [] });
      }
      return broken(history.entries({ recovered: false, run: { deployment } }));
    };
    expect(reject('us')).toEqual([]);
    expect(reject('ap')).toEqual(['not-recovered']);
  });
});

describe('knowledge', () => {
  it('forbids a write on a timeline below one the app had heard of', () => {
    const history = writeHistory();
    failover(history);
    history.op('append', { outcome: 'unknown', rows: [{ ...abandoned, timeline: 1, known: 2 }] });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['write-on-fenced']);
  });

  it('forbids the second statement of a transaction when the fence came after the first', () => {
    const history = writeHistory();
    failover(history);
    history.op('append-slowly', {
      outcome: 'unknown',
      rows: [
        { ...abandoned, part: 0, known: 1 },
        { ...abandoned, part: 1, known: 2 },
      ],
    });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['write-on-fenced']);
  });

  it('forbids a write while two primaries are known, until an operator has told the app to forget', () => {
    const history = writeHistory();
    history.op('append', { outcome: 'unknown', rows: [{ state: 'twin-primaries' }] });
    expect(broken(history.entries())).toEqual(['write-on-twins']);

    const settled = writeHistory();
    settled.fault({ kind: 'settle-twins', keep: 'eu', other: 'ap' }, { startMs: 0, endMs: 50 });
    settled.op('append', { startMs: 40, endMs: 60, rows: [{ state: 'twin-primaries' }] });
    expect(broken(settled.entries())).toEqual([]);
  });

  it('allows a write by an app that had heard nothing', () => {
    const history = writeHistory();
    failover(history);
    history.op('append', { received: [wrote(120)], rows: [{ ...abandoned, timeline: 1, known: 1 }] });
    expect(broken(history.entries({ timeline: 2 }))).toEqual([]);
  });
});

describe('read-from-fenced', () => {
  it('is broken by a primary below the timeline the app had heard of', () => {
    const read = (written: number, knew: Knowledge): string[] => {
      const history = writeHistory();
      history.op('list', { entries: [], served: 'us', knew: [knew], written });
      return broken(history.entries({ timeline: 2 }));
    };
    expect(read(1, knowing())).toEqual(['read-from-fenced']);
    expect(read(2, knowing())).toEqual([]);
    expect(read(0, knowing())).toEqual([]);
    expect(read(1, knowing({ timeline: 1 }))).toEqual([]);
  });

  it('is broken by one that was held until its app had heard of the newer timeline', () => {
    const read = (known: number): string[] => {
      const history = writeHistory();
      history.op('list', { entries: [], served: 'us', knew: [knowing({ timeline: 1 })], written: 1, known });
      return broken(history.entries({ timeline: 2 }));
    };
    expect(read(2)).toEqual(['read-from-fenced']);
    expect(read(1)).toEqual([]);
  });

  it('is broken by a standby that shows what lies beyond a fork, long after the app knew of that', () => {
    const show = (lsn: string, afterMs: number): string[] => {
      const history = writeHistory();
      failover(history);
      const lost = history.op('append', { client: 'bob', outcome: 'unknown', rows: [{ ...abandoned, lsn }] });
      const heard = { entries: [], served: 'us', knew: [knowing()] } as const;
      history.op('list', { ...heard, startMs: 1_000, endMs: 1_001 });
      history.op('list', { ...heard, entries: [lost], startMs: 1_000 + afterMs, endMs: 1_001 + afterMs });
      return broken(history.entries({ timeline: 2 }));
    };
    expect(show('100', 13_000)).toEqual(['read-from-fenced']);
    expect(show('99', 13_000)).toEqual([]);
    expect(show('100', 5_000)).toEqual([]);
  });
});

/** `eu` was promoted while `us` lives: from 100 on, of the log and of the clock. */
const beside = (history: HistoryBuilder): void =>
  history.fault({ kind: 'promote-beside', to: 'eu' }, { startMs: 50, endMs: 100, promotions: [promotion()] });
const lostAt = (history: HistoryBuilder, startMs: number, given: object = {}): string =>
  history.op('append', {
    startMs,
    endMs: startMs + 5,
    received: [wrote(200)],
    rows: [{ survives: false, app: 'us/1', ...given }],
  });

describe('written-in-pause', () => {
  const found = (history: HistoryBuilder, processes = 1) =>
    broken(history.entries({ timeline: 2, run: { deployment: { ...LOCAL, processes } } })).filter(
      (rule) => rule === 'written-in-pause',
    );
  const paused = (history: HistoryBuilder, given: Partial<PauseEntry> = {}): void =>
    history.add({
      type: 'pause',
      region: 'us',
      timeline: 1,
      startMs: 90,
      drainedMs: 100,
      untilMs: 20_000,
      restarted: [],
      ...given,
    });
  const write = (history: HistoryBuilder, startMs: number, given: Partial<OperationEntry> = {}, row: object = {}) =>
    history.op('append', { startMs, endMs: startMs + 50, ...given, rows: [{ timeline: 1, ...row }] });
  const restarted = (region: Region, process = 0, killedMs = 200): RestartNote => ({
    region,
    process,
    killedMs,
    listeningMs: killedMs + 500,
  });
  const by = (region: Region, process = 0): Knowledge => ({ ...knowing({ timeline: 1 }), region, process });

  it('is a write that was asked for after the drain, and that the primary of the pause wrote', () => {
    const history = writeHistory();
    write(history, 150);
    paused(history);
    expect(found(history)).toEqual(['written-in-pause']);
  });

  it('is none that began before, that the new primary wrote, that came after the pause, or without a drain', () => {
    const history = writeHistory();
    write(history, 99, { endMs: 400 });
    write(history, 150, {}, { timeline: 2 });
    write(history, 18_480);
    paused(history);
    expect(found(history)).toEqual([]);
    const undrained = writeHistory();
    write(undrained, 150);
    undrained.add({ type: 'pause', region: 'us', timeline: 1, startMs: 90, untilMs: 20_000, restarted: [] });
    expect(found(undrained)).toEqual([]);
    const resumed = writeHistory();
    write(resumed, 300, { endMs: 410 });
    paused(resumed, { endedMs: 400 });
    expect(found(resumed)).toEqual([]);
  });

  it('is one that a process lets pass which has started in the pause, if the region of the primary knows of it', () => {
    const late = { region: 'eu', knew: [by('eu'), by('us')] } as const;
    const history = writeHistory();
    write(history, 1_000, late);
    paused(history, { restarted: [restarted('eu')] });
    expect(found(history)).toEqual(['written-in-pause']);
    const sibling = writeHistory();
    write(sibling, 1_000, { knew: [by('us', 1)] }, { app: 'us/1' });
    paused(sibling, { restarted: [restarted('us', 1)] });
    expect(found(sibling, 2)).toEqual(['written-in-pause']);
  });

  it('is one of a process that was starting when the pause began: the drain waited for it', () => {
    const history = writeHistory();
    write(history, 1_000, { region: 'us', knew: [by('us')] });
    paused(history, { restarted: [restarted('us', 0, 50)] });
    expect(found(history)).toEqual(['written-in-pause']);
  });

  it.each<[string, readonly RestartNote[], Partial<OperationEntry>, number]>([
    ['it is the only one of its region', [restarted('us')], { knew: [by('us')] }, 1],
    ['it may have met one that starts too', [restarted('us'), restarted('us', 1)], { knew: [by('us')] }, 2],
    ['the other region starts too', [restarted('us'), restarted('eu')], { region: 'eu', knew: [by('eu')] }, 1],
    ['its client was not told which process it was', [restarted('us')], {}, 1],
    ['it was killed in the moment of the drain', [restarted('us', 0, 100)], { knew: [by('us')] }, 1],
  ])('is none of a process that could not know: %s', (_, notes, given, processes) => {
    const history = writeHistory();
    write(history, 1_000, given);
    paused(history, { restarted: notes });
    expect(found(history, processes)).toEqual([]);
  });

  it('is none of a process that reaches the primary by a name of its own region, which looks like one of this region', () => {
    const history = writeHistory();
    write(history, 1_000, { region: 'eu', knew: [by('eu')] });
    paused(history, { restarted: [restarted('eu')] });
    const run = { deployment: { ...LOCAL, endpoint: true } };
    expect(broken(history.entries({ timeline: 2, run }))).toEqual([]);
  });

  it('is none of a process that starts while the machine stands still, because its question got no answer in time', () => {
    const history = writeHistory();
    write(history, 1_000, { region: 'eu', knew: [by('eu')] });
    history.add({ type: 'stall', sinceMs: 500, ms: 450 });
    paused(history, { restarted: [restarted('eu')] });
    expect(found(history)).toEqual([]);
  });
});

describe('pause-outlasted', () => {
  const found = (history: HistoryBuilder, run: object = {}) =>
    checkHistory(history.entries({ timeline: 2, run }))
      .map(({ rule }) => rule)
      .filter((rule) => rule === 'pause-outlasted');
  const paused = (history: HistoryBuilder, given: Partial<PauseEntry> = {}): void =>
    history.add({ type: 'pause', region: 'us', timeline: 1, startMs: 90, untilMs: 8_000, restarted: [], ...given });
  const late = (history: HistoryBuilder, endMs: number, given: Partial<OperationEntry> = {}): string =>
    history.op('append', { startMs: 200, endMs, ...given });

  it('is broken where no write comes back in time after the pause has ended', () => {
    const history = writeHistory();
    late(history, 9_600);
    late(history, 8_100, { region: 'eu' });
    late(history, 9_000, { region: 'ap', outcome: 'not-sent' });
    paused(history);
    expect(found(history)).toEqual(['pause-outlasted', 'pause-outlasted']);
    expect(found(history, { deployment: { ...LOCAL, writes: 'reject' } })).toEqual(['pause-outlasted']);
  });

  it('counts from an earlier end', () => {
    const history = writeHistory();
    late(history, 8_100);
    paused(history, { endedMs: 1_000 });
    expect(found(history)).toEqual(['pause-outlasted']);
  });

  it.each<[string, (history: HistoryBuilder) => void, Partial<PauseEntry>]>([
    ['one write is back', (history) => late(history, 9_400), {}],
    ['something else was done meanwhile', (history) => history.fault({ kind: 'heal', region: 'us' }, at(8_500)), {}],
    ['the machine stood still', (history) => history.add({ type: 'stall', sinceMs: 8_200, ms: 300 }), {}],
    [
      'its process has only just started',
      () => {},
      { restarted: [{ region: 'us', process: 0, killedMs: 300, listeningMs: 6_000 }] },
    ],
  ])('is held where %s', (_, happens, given) => {
    const history = writeHistory();
    late(history, 9_600);
    happens(history);
    paused(history, given);
    expect(found(history)).toEqual([]);
  });

  it('is held where the pause was refused', () => {
    const history = writeHistory();
    late(history, 9_600);
    paused(history, { untilMs: 90 });
    expect(found(history)).toEqual([]);
  });

  it('is held where an earlier pause goes on', () => {
    const history = writeHistory();
    late(history, 13_000);
    paused(history, { startMs: 50, untilMs: 11_700 });
    paused(history, { endedMs: 1_000 });
    expect(found(history)).toEqual([]);
  });

  it('takes the fault of the pause for the pause itself', () => {
    const history = writeHistory();
    late(history, 9_600);
    history.fault({ kind: 'pause' }, { startMs: 80, endMs: 10_000 });
    paused(history);
    expect(found(history)).toEqual(['pause-outlasted']);
  });
});

describe('fence-late', () => {
  const late = (history: HistoryBuilder, run: object = {}): string[] =>
    broken(history.entries({ timeline: 2, run })).filter((rule) => rule === 'fence-late');

  it('is broken by a process whose writes flow on to the old primary more than a second after the promotion', () => {
    const history = writeHistory();
    lostAt(history, 90);
    beside(history);
    lostAt(history, 1_400);
    const read = lostAt(history, 1_700);
    expect(checkHistory(history.entries({ timeline: 2 })).filter(({ rule }) => rule === 'fence-late')).toMatchObject([
      { operations: [read] },
    ]);
  });

  it('begins with the first write where none flowed, and is a matter of each process', () => {
    const history = writeHistory();
    beside(history);
    lostAt(history, 3_000);
    lostAt(history, 4_400);
    lostAt(history, 4_600, { app: 'eu/1' });
    expect(late(history)).toEqual([]);
    lostAt(history, 4_600);
    expect(late(history)).toEqual(['fence-late']);
  });

  it.each<[string, (history: HistoryBuilder) => void, object?]>([
    ['its process was started meanwhile', (history) => history.fault({ kind: 'start-app', region: 'us' }, at(900))],
    [
      'its process was started in a pause',
      (history) => history.fault({ kind: 'pause', restart: 'fleet', in: 'ap' }, at(900)),
    ],
    ['the network was broken', (history) => history.fault({ kind: 'partition', region: 'ap', from: 'us' }, at(900))],
    ['it was before, and is still', (history) => history.fault({ kind: 'drop', region: 'ap' }, at(20))],
    ['the machine stood still', (history) => history.add({ type: 'stall', sinceMs: 500, ms: 900 })],
    ['its process reaches the local database alone', () => {}, { deployment: LOCAL }],
  ])('is held when %s', (_, happens, run) => {
    const history = writeHistory();
    lostAt(history, 10);
    if (_.startsWith('it was before')) happens(history);
    beside(history);
    if (!_.startsWith('it was before')) happens(history);
    lostAt(history, 2_000);
    expect(late(history, run)).toEqual([]);
  });
});

const at = (startMs: number) => ({ startMs, endMs: startMs + 5 });
const LOCAL = { writes: 'forward', pools: 'local', store: true, monotonicReads: true } as const;

describe('primary-forgotten', () => {
  const run = { deployment: { ...LOCAL, processes: 2 } };
  const forgotten = (history: HistoryBuilder, given: object = run): string[] =>
    broken(history.entries({ run: given })).filter((rule) => rule === 'primary-forgotten');
  const asked = (history: HistoryBuilder, startMs: number, given: Partial<Knowledge> = {}): string =>
    history.op('list', {
      entries: [],
      startMs,
      endMs: startMs + 5,
      knew: [knowing({ timeline: 1, forks: [], state: 'no-primary', region: 'ap', ...given })],
    });

  it('is broken where a process of another region was all that was touched', () => {
    const history = writeHistory();
    history.fault({ kind: 'kill-app', region: 'us' }, at(12_000));
    history.fault({ kind: 'start-app', region: 'us' }, at(20_000));
    asked(history, 20_500);
    expect(forgotten(history)).toEqual(['primary-forgotten']);
    expect(forgotten(history, { deployment: LOCAL })).toEqual([]);
  });

  it.each<[string, (history: HistoryBuilder) => void, Partial<Knowledge>?]>([
    [
      'it is that process that was started',
      (history) => history.fault({ kind: 'start-app', region: 'ap' }, at(19_000)),
    ],
    ['a database was touched', (history) => history.fault({ kind: 'end-sessions', region: 'us' }, at(19_000))],
    ['one is still down', (history) => history.fault({ kind: 'kill-node', region: 'us' }, at(2_000))],
    ['the network is still broken', (history) => history.fault({ kind: 'mute', region: 'us' }, at(2_000))],
    ['the machine stood still', (history) => history.add({ type: 'stall', sinceMs: 18_000, ms: 900 })],
    ['it knew of one', () => {}, { state: 'ready' }],
  ])('is held when %s', (_, happens, given) => {
    const history = writeHistory();
    happens(history);
    asked(history, 20_000, given);
    expect(forgotten(history)).toEqual([]);
  });
});

describe('newcomer-on-zombie', () => {
  const found = (history: HistoryBuilder, processes = 1): string[] =>
    broken(history.entries({ timeline: 2, run: { deployment: { ...LOCAL, processes } } })).filter(
      (rule) => rule === 'newcomer-on-zombie',
    );
  const late = (history: HistoryBuilder, startMs: number, timeline = 1): string =>
    history.op('append', { startMs, endMs: startMs + 5, rows: [{ ...abandoned, app: 'us/0', timeline }] });
  const promoted = (history: HistoryBuilder): void =>
    history.fault({ kind: 'failover', to: 'eu' }, { ...at(5_000), promotions: [promotion()] });

  it.each<[string, (history: HistoryBuilder) => void, number]>([
    [
      'all processes of the region began anew',
      (history) => history.fault({ kind: 'start-apps', region: 'us' }, at(8_000)),
      2,
    ],
    [
      'its only process was started again',
      (history) => history.fault({ kind: 'start-app', region: 'us' }, at(8_000)),
      1,
    ],
    ['its only process was deployed', (history) => history.fault({ kind: 'deploy', region: 'us' }, at(8_000)), 1],
  ])('is broken by a write on the old timeline after %s', (_, happens, processes) => {
    const history = writeHistory();
    promoted(history);
    happens(history);
    late(history, 10_000);
    expect(found(history, processes)).toEqual(['newcomer-on-zombie']);
  });

  it.each<[string, (history: HistoryBuilder) => void]>([
    ['one of two processes lived on', (history) => history.fault({ kind: 'start-app', region: 'us' }, at(8_000))],
    [
      'they began anew before the promotion was done',
      (history) => history.fault({ kind: 'start-apps', region: 'us' }, at(4_000)),
    ],
    ['those of another region began anew', (history) => history.fault({ kind: 'start-apps', region: 'ap' }, at(8_000))],
    [
      'nothing came of it',
      (history) => history.fault({ kind: 'start-apps', region: 'us' }, { ...at(8_000), result: 'refused' }),
    ],
  ])('is held when %s', (_, happens) => {
    const history = writeHistory();
    if (_.includes('before')) happens(history);
    promoted(history);
    if (!_.includes('before')) happens(history);
    late(history, 10_000);
    expect(found(history, 2)).toEqual([]);
  });

  it('is held by a write on the new timeline', () => {
    const history = writeHistory();
    promoted(history);
    history.fault({ kind: 'start-apps', region: 'us' }, at(8_000));
    late(history, 10_000, 2);
    expect(found(history)).toEqual([]);
  });
});
