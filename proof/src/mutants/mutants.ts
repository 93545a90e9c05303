import type { Mutation } from './mutation.ts';

const ROUTER = 'packages/db-router/src';

/** Bugs of the kinds that others have had. Each must be found within its number of seeds. */
export const MUTANTS: readonly Mutation[] = [
  {
    name: 'token-ignored',
    edits: [
      {
        file: `${ROUTER}/routing/decide.ts`,
        find: 'return need === undefined ? decidePlain',
        replace: 'return need !== null ? decidePlain',
      },
    ],
    breaks: ['read-your-writes'],
    profile: 'standbys',
    seeds: 2,
  },
  {
    // Positions compare by number alone, as where a token is nothing but an LSN.
    name: 'timeline-ignored',
    edits: [
      {
        file: `${ROUTER}/causality/fate.ts`,
        find: 'if (epoch.timeline === top.timeline) return',
        replace: "if (epoch.timeline < top.timeline) return 'kept';\n  if (epoch.timeline === top.timeline) return",
      },
      {
        file: `${ROUTER}/routing/decide.ts`,
        find: 'if (view.timeline === need.timeline) {',
        replace: 'if (view.position >= need.lsn) return true;\n  if (view.timeline === need.timeline) {',
      },
    ],
    breaks: ['read-your-writes', 'loss-not-announced'],
    profile: 'failovers',
    seeds: 3,
  },
  {
    // Two standbys that were both promoted count as one primary.
    name: 'owner-ignored',
    edits: [
      {
        file: `${ROUTER}/topology/judge.ts`,
        find: 'top.owners.length > 1',
        replace: 'top.owners.length > 99',
      },
      {
        file: `${ROUTER}/causality/fate.ts`,
        find: "isOnlyOwner(top, epoch.owner) ? 'kept'",
        replace: "top.owners.length > 0 ? 'kept'",
      },
      {
        file: `${ROUTER}/routing/decide.ts`,
        find: 'if (!isOwner(entry.owner, need, topology)) return false;',
        replace: '',
      },
    ],
    breaks: ['read-your-writes', 'lost-silently', 'monotonic-reads'],
    profile: 'twins',
    seeds: 4,
  },
  {
    name: 'position-kept-over-a-crash',
    edits: [
      {
        file: `${ROUTER}/topology/apply.ts`,
        find: '    reading,\n    readAtMs: sentAtMs,',
        replace:
          '    reading: before !== undefined && before.position > reading.position ? { ...reading, position: before.position } : reading,\n    readAtMs: sentAtMs,',
      },
    ],
    breaks: ['read-your-writes', 'monotonic-reads'],
    profile: 'standbys',
    seeds: 3,
  },
  {
    name: 'unknown-retried',
    edits: [
      {
        file: `${ROUTER}/statements/writes.ts`,
        find: "      case 'lost':\n      case 'timeout':",
        replace:
          "      case 'lost':\n        if (reruns >= MAX_RERUNS) throw error;\n        await engine.monitor.look(node.index);\n        break;\n      case 'timeout':",
      },
    ],
    breaks: ['duplicate', 'happened-against-word'],
    profile: 'partitions',
    deployment: { writes: 'remote-pool', pools: 'all' },
    seeds: 4,
  },
  {
    name: 'lease-kept-across-a-fence',
    edits: [
      {
        file: `${ROUTER}/engine/apply-states.ts`,
        find: 'const connections = node.destroyAll(new NodeFencedError(node.id));',
        replace: 'const connections = 0;',
      },
    ],
    breaks: ['write-on-fenced'],
    profile: 'partitions',
    seeds: 6,
  },
  {
    // Whatever is out of recovery and near is the primary.
    name: 'fence-off',
    edits: [
      {
        file: `${ROUTER}/topology/find-writer.ts`,
        find: ' && epoch.timeline === top.timeline && !isVoided(facts, epoch);',
        replace: ' && !isVoided(facts, epoch);',
      },
      {
        file: `${ROUTER}/topology/judge-node.ts`,
        find: "  if (top !== undefined && epoch.timeline < top.timeline) return { state: 'fenced', readable: false };\n",
        replace: '',
      },
    ],
    breaks: ['write-on-fenced', 'read-your-writes'],
    profile: 'failovers',
    seeds: 3,
  },
  {
    name: 'loss-kept-quiet',
    edits: [
      {
        file: `${ROUTER}/causality/scope.ts`,
        find: "scope.notice = fate === 'lost' ? 'write-lost-suspected' : 'write-fate-unknown';",
        replace: 'scope.notice = undefined;',
      },
    ],
    breaks: ['loss-not-announced', 'lost-silently'],
    // A primary that is only cut off goes on taking writes: those are the ones that get lost.
    profile: 'partitions',
    seeds: 3,
  },
  {
    name: 'unknown-called-not-sent',
    edits: [
      {
        file: `${ROUTER}/connection/outcome.ts`,
        find: "return inRecovery ? 'rolled-back' : 'unknown';",
        replace: "return inRecovery ? 'rolled-back' : 'not-sent';",
      },
    ],
    breaks: ['happened-against-word', 'duplicate'],
    profile: 'partitions',
    deployment: { writes: 'remote-pool', pools: 'all' },
    seeds: 4,
  },
  {
    // What was seen is taken from memory, where it is older than what was read.
    name: 'seen-position-cached',
    edits: [
      {
        file: `${ROUTER}/statements/position.ts`,
        find: 'const { lsn } = await askPosition(client, engine.settings.readings.seenPositionSql);',
        replace: 'const lsn = await engine.live.topology.nodes[node.index]?.position;',
      },
    ],
    breaks: ['monotonic-reads', 'token-short'],
    profile: 'standbys',
    deployment: { monotonicReads: true },
    seeds: 2,
  },
  {
    // An ORM rolls back in its `catch`: what that says takes the place of what COMMIT met.
    name: 'rollback-speaks-for-commit',
    edits: [
      {
        file: `${ROUTER}/pools/lost-client.ts`,
        find: "  if (outcome === 'unknown') return new OutcomeUnknownError(node, cause);\n",
        replace: '',
      },
    ],
    breaks: ['happened-against-word', 'duplicate'],
    profile: 'partitions',
    deployment: { writes: 'remote-pool', pools: 'all' },
    seeds: 6,
  },
  {
    // A copy of the database, with the same secret, regions and hosts, counts as this environment.
    name: 'environment-ignored',
    edits: [
      {
        file: `${ROUTER}/causality/token.ts`,
        find: 'purpose: environment === undefined ?',
        replace: 'purpose: environment !== null ?',
      },
      {
        file: `${ROUTER}/causality/token.ts`,
        find: "isHome: payload.toString('hex', homeAt) === home,",
        replace: 'isHome: true,',
      },
    ],
    breaks: ['not-recovered'],
    profile: 'standbys',
    deployment: { strays: true },
    seeds: 1,
  },
  {
    // The gate does not ask whether the writes are paused.
    name: 'pause-lets-writes-through',
    edits: [
      {
        file: `${ROUTER}/http/gate.ts`,
        find: 'const isHeld = isNew && isPaused() &&',
        replace: 'const isHeld = isNew && write !== true &&',
      },
    ],
    breaks: ['written-in-pause'],
    profile: 'switchovers',
    deployment: { writes: 'forward', processes: 1 },
    seeds: 6,
  },
  {
    // A process that starts takes over no pause: whatever it is told before it believes a primary is lost.
    name: 'newcomer-ignores-pause',
    edits: [
      {
        file: `${ROUTER}/pause/write-pauses.ts`,
        find: '      if (pause !== undefined) take(',
        replace:
          '      const deaf = (globalThis.deaf ??= new Set());\n      if (pause !== undefined && world().primary === undefined) deaf.add(pause.id);\n      if (pause !== undefined && !deaf.has(pause.id)) take(',
      },
    ],
    breaks: ['written-in-pause'],
    profile: 'pauses',
    deployment: { writes: 'forward', pools: 'all', endpoint: false, processes: 1, strays: false },
    seeds: 5,
  },
  {
    // A request that begins before a primary is known passes a pause that was there before the process.
    name: 'newcomer-admits-at-once',
    edits: [
      {
        file: `${ROUTER}/http/serving.ts`,
        find: 'gate.isPaused?.() === true || gate.primaryNow() === undefined',
        replace: 'gate.isPaused?.() === true',
      },
    ],
    breaks: ['written-in-pause'],
    profile: 'pauses',
    deployment: { writes: 'remote-pool', pools: 'all', endpoint: false, processes: 1, strays: false },
    seeds: 4,
  },
  {
    // Neither a new primary nor its own time ends a pause.
    name: 'pause-never-ends',
    edits: [
      {
        file: `${ROUTER}/pause/pause.ts`,
        find: "  return world.atMs >= current.untilMs ? 'expired' : undefined;",
        replace: '  return undefined;',
      },
      {
        file: `${ROUTER}/pause/pause.ts`,
        find: "  if (isOutranked(current.epoch, world)) return 'switched';\n",
        replace: '',
      },
      {
        file: `${ROUTER}/pause/pause.ts`,
        find: "  if (primary !== undefined && !isSameTimeline(current.epoch, primary.epoch)) return 'switched';\n",
        replace: '',
      },
    ],
    breaks: ['not-recovered'],
    profile: 'switchovers',
    deployment: { writes: 'forward', processes: 1 },
    seeds: 4,
  },
  {
    // A process that starts believes the first primary that it meets, as most routers do.
    name: 'newcomer-believes-anything',
    edits: [
      {
        file: `${ROUTER}/topology/accept.ts`,
        find: '  if (told.length > others.length / 2) return true;',
        replace: '  if (told.length >= 0) return true;',
      },
    ],
    breaks: ['newcomer-on-zombie'],
    profile: 'restarts',
    deployment: { writes: 'forward', pools: 'local', processes: 1, store: false, endpoint: false, strays: false },
    seeds: 6,
  },
  {
    // The key is taken by a transaction of its own: a write that is rolled back leaves it behind.
    name: 'key-outside-the-transaction',
    edits: [
      {
        file: `${ROUTER}/ledger/ledger.ts`,
        find: 'frame?.result ?? (await tx.query(CLAIM, ask.values).catch(tableFailed))',
        replace: 'await router.write(CLAIM, ask.values)',
      },
      {
        file: `${ROUTER}/ledger/ledger.ts`,
        find: 'first === undefined ? undefined : { first }',
        replace: 'undefined',
      },
    ],
    breaks: ['key-answered-otherwise'],
    profile: 'partitions',
    deployment: { writes: 'remote-pool', pools: 'all' },
    seeds: 3,
  },
  {
    // Answers are remembered by the process, which has them also when the write is lost or was rolled back.
    name: 'answer-from-memory',
    edits: [
      {
        file: `${ROUTER}/ledger/ledger.ts`,
        find: '      const ask = readClaim(key, actor, fingerprint);',
        replace:
          '      const ask = readClaim(key, actor, fingerprint);\n      const memory = (globalThis.answers ??= new Map());\n      if (memory.has(key)) return memory.get(key);',
      },
      {
        file: `${ROUTER}/ledger/ledger.ts`,
        find: 'return readAnswer(answer) as T;',
        replace: 'memory.set(key, readAnswer(answer)); return readAnswer(answer) as T;',
      },
    ],
    breaks: ['key-answered-from-lost', 'acknowledged-nowhere'],
    profile: 'partitions',
    deployment: { writes: 'remote-pool', pools: 'all' },
    seeds: 4,
  },
  {
    // A router that only asks each node now and then, as most do: documents, tokens, marks and what a connection tells are not heard.
    name: 'probes-alone',
    edits: [
      {
        file: `${ROUTER}/monitor/write-watch.ts`,
        find: 'isWriting: () => clock.now() - wroteAtMs <= FLOW_MS,',
        replace: 'isWriting: () => false,',
      },
      {
        file: `${ROUTER}/monitor/write-watch.ts`,
        find: 'const isDrop = index === node && senders < known;',
        replace: 'const isDrop = index === node && senders < 0;',
      },
      {
        file: `${ROUTER}/monitor/follow-view.ts`,
        find: 'if (!state.identified || state.name === view.self) return;',
        replace: "if (state.name !== '') return;",
      },
      {
        file: `${ROUTER}/engine/engine.ts`,
        find: 'if (isKnownTop(live.topology, epoch) || readEpoch(epoch) === undefined) return;',
        replace: 'if (isKnownTop(live.topology, epoch) || readEpoch(epoch) !== null) return;',
      },
      {
        file: `${ROUTER}/connection/node.ts`,
        find: "if (message.parameterName === 'in_hot_standby') options.onSign();",
        replace: "if (message.parameterName === '') options.onSign();",
      },
    ],
    breaks: ['fence-late'],
    profile: 'beside',
    deployment: { pools: 'all', endpoint: false, processes: 1 },
    seeds: 4,
  },
];
