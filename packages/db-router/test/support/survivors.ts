import type { Sibling } from '@regionkit/core';
import type { Input, Rules, Stored } from '../../src/topology/facts.ts';
import { localReport, vouchOf } from '../../src/topology/local-report.ts';
import { nothingKnown, reduce, type TopologyStore } from '../../src/topology/reduce.ts';
import { NODES, primary, RULES, standby } from './model.ts';

export const REGIONS = ['us', 'eu', 'ap'] as const;
export type Region = (typeof REGIONS)[number];

/** One database server, as it truly is. */
interface Server {
  life: number;
  timeline: number;
  isPrimary: boolean;
  isAlive: boolean;
}

/** One process of an app, with a copy of each sibling that has vouched for it, made when that sibling spoke. */
export interface Process {
  readonly name: string;
  readonly region: Region;
  readonly startedAtMs: number;
  store: TopologyStore;
  readonly inputs: Input[];
  /** What it was told by its siblings, and what they were at that moment. */
  siblings: readonly { readonly told: Sibling; readonly was: TopologyStore }[];
  copies: TopologyStore[];
  /** The file that it was started with, and what the process before it was when it confirmed the file. */
  readonly file: File | undefined;
  wasVouchedFor: boolean;
  /** An operator has spoken to it: from there on he knows better than any copy. */
  wasOperated: boolean;
}

/** What a process kept for the one after it. */
interface File {
  readonly stored: Stored;
  readonly confirmedAtMs: number;
  readonly was: TopologyStore;
}

/** A failover takes longer than this. */
const MAX_GAP_MS = 10_000;

/**
 * Regions with real reducers, and everything between them made up: servers that are promoted and come back, cuts, documents,
 * processes that start and stop. Whatever happens to a process happens to the copies of its vouchers as well.
 */
export class Survivors {
  readonly servers: Record<Region, Server> = {
    us: { life: 1, timeline: 1, isPrimary: true, isAlive: true },
    eu: { life: 1, timeline: 1, isPrimary: false, isAlive: true },
    ap: { life: 1, timeline: 1, isPrimary: false, isAlive: true },
  };
  processes: Process[] = [];
  nowMs = 1_000;
  readonly files = new Map<Region, File>();
  #cut = new Set<string>();
  #started = 0;
  readonly #reach: 'all' | 'own';
  readonly #writes: Rules['writes'];

  /** So many processes has a region at the start. */
  readonly count: number;

  constructor({
    reach = 'all',
    writes = 'remote-pool',
    count = 1,
  }: {
    reach?: 'all' | 'own';
    writes?: Rules['writes'];
    count?: number;
  } = {}) {
    this.count = count;
    this.#reach = reach;
    this.#writes = writes;
  }

  rules(region: Region): Rules {
    return { ...RULES, self: region, writes: this.#writes };
  }

  nodes(region: Region): readonly { readonly id: string; readonly region: string }[] {
    return this.#reach === 'all' ? NODES : NODES.filter((node) => node.region === region);
  }

  /** Keeps in the file of its region what it would tell a sibling now. */
  remember({ region, store: was }: Process): void {
    const { topology, facts } = was;
    if (!topology.vouches || topology.highest === undefined) return;
    const { forks } = facts;
    const stored = { epoch: topology.highest, owners: [], forks, voided: [], vouches: vouchOf(topology, facts) };
    this.files.set(region, { stored, confirmedAtMs: this.nowMs, was });
  }

  /** Starts a process that has the file of the one before it, as far as that is young enough. */
  startWithFile(region: Region): Process {
    const file = this.files.get(region);
    const process = this.start(region, file);
    const untilMs = (file?.confirmedAtMs ?? 0) + MAX_GAP_MS;
    const stored = this.nowMs < untilMs ? file?.stored : undefined;
    this.#take(process, { type: 'remembered', stored, untilMs, atMs: this.#tick() });
    return process;
  }

  start(region: Region, file?: File): Process {
    this.#started += 1;
    const rules = this.rules(region);
    const process: Process = {
      name: `process-${this.#started}`.padEnd(16, '-'),
      region,
      startedAtMs: this.nowMs,
      store: nothingKnown(this.nodes(region), rules, { store: false, nowMs: this.nowMs }),
      inputs: [],
      siblings: [],
      copies: [],
      file,
      wasVouchedFor: false,
      wasOperated: false,
    };
    this.processes.push(process);
    return process;
  }

  stop(process: Process): void {
    this.processes = this.processes.filter((other) => other !== process);
  }

  of(region: Region): readonly Process[] {
    return this.processes.filter((process) => process.region === region);
  }

  isLinked(one: Region, other: Region): boolean {
    return one === other || !this.#cut.has([one, other].sort().join());
  }

  cut(one: Region, other: Region): void {
    this.#cut.add([one, other].sort().join());
  }

  heal(): void {
    this.#cut.clear();
  }

  later(ms: number): void {
    this.nowMs += ms;
  }

  get highest(): number {
    return Math.max(...REGIONS.map((name) => this.servers[name].timeline));
  }

  promote(region: Region, timeline = this.highest + 1): void {
    Object.assign(this.servers[region], { isPrimary: true, isAlive: true, timeline });
  }

  rebuild(region: Region): void {
    const server = this.servers[region];
    const timeline = this.highest;
    Object.assign(server, { isPrimary: false, isAlive: true, timeline, life: server.life + 1 });
  }

  restart(region: Region): void {
    this.servers[region].life += 1;
    this.servers[region].isAlive = true;
  }

  kill(region: Region): void {
    this.servers[region].isAlive = false;
  }

  probe(process: Process, region: Region): void {
    const node = this.nodes(process.region).findIndex((each) => each.region === region);
    if (node < 0) return;
    const { life, timeline, isPrimary, isAlive } = this.servers[region];
    const atMs = this.#tick();
    if (!isAlive || !this.isLinked(process.region, region)) {
      this.#take(process, { type: 'failed', node, code: 'ECONNREFUSED', atMs });
      return;
    }
    const server = { server: `${region} ${life}` };
    const reading = isPrimary ? primary(timeline, 1_000n, server) : standby(timeline, 1_000n, server);
    this.#take(process, { type: 'reading', node, reading, sentAtMs: atMs - 1, atMs });
  }

  /** Asks another region, where `choice` picks the process that answers. */
  askRegion(process: Process, region: Region, choice = 0): void {
    if (region === process.region) {
      this.askOwn(process, choice);
      return;
    }
    const others = this.of(region);
    const answering = others[choice % Math.max(1, others.length)];
    const observedAtMs = this.nowMs;
    if (answering !== undefined && this.isLinked(process.region, region)) {
      const { role, epoch, position, highest, forks, measured, voids } = this.#report(answering);
      const claims = role === 'primary' && epoch !== undefined && position !== undefined;
      this.#take(process, {
        type: 'document',
        ...(voids !== undefined && { voids }),
        region,
        observedAtMs,
        atMs: this.#tick(),
        forks,
        ...(claims && { primary: { epoch, position } }),
        ...(highest !== undefined && { highest }),
        ...(measured === true && { measured }),
      });
    }
    this.#take(process, { type: 'asked', region, atMs: this.#tick() });
  }

  /** Asks the own region, where the balancer picks: it may be the process itself. */
  askOwn(process: Process, choice = 0): void {
    const all = this.of(process.region);
    const answering = all[choice % Math.max(1, all.length)];
    if (answering !== undefined && answering !== process) {
      const told = { process: answering.name, database: this.#report(answering), observedAtMs: this.nowMs };
      const others = process.siblings.filter((known) => known.told.process !== answering.name);
      process.siblings = [{ told, was: answering.store }, ...others];
      this.#take(process, {
        type: 'siblings',
        siblings: process.siblings.map((each) => each.told),
        atMs: this.#tick(),
      });
    }
    this.#take(process, { type: 'asked', region: process.region, atMs: this.#tick() });
  }

  tell(process: Process, timeline: number, region: Region): void {
    const epoch = { system: primary(1).system, timeline, owner: `${region}/0` };
    this.#take(process, { type: 'epoch', epoch, from: 'token', atMs: this.#tick() });
  }

  operator(process: Process, type: 'confirm' | 'reset'): void {
    const id = `void-of-${this.#started}-at-${this.nowMs}`;
    this.#take(process, { type, ...(type === 'reset' && { id }), atMs: this.#tick() } as Input);
    process.copies = [];
    process.wasVouchedFor = false;
    process.wasOperated = true;
  }

  /** One round of everything a process does by itself. */
  settle(process: Process): void {
    for (const region of REGIONS) this.probe(process, region);
    for (const region of REGIONS) for (let choice = 0; choice < 4; choice += 1) this.askRegion(process, region, choice);
  }

  #tick(): number {
    this.nowMs += 1;
    return this.nowMs;
  }

  #report(process: Process) {
    return localReport(process.store, process.region, {
      stale: false,
      probing: false,
      acceptedForMs: process.store.topology.accepted ? 1 : undefined,
    });
  }

  #take(process: Process, input: Input): void {
    const rules = this.rules(process.region);
    process.inputs.push(input);
    process.copies = process.copies.map((copy) => reduce(copy, input, rules).next);
    const was = process.store.topology.accepted;
    process.store = reduce(process.store, input, rules).next;
    if (was || process.wasOperated || !process.store.topology.accepted) return;
    const { system } = process.store.topology;
    const siblings = process.siblings.filter(
      ({ told }) => told.database.vouches !== undefined && told.database.highest?.system === system,
    );
    const { remembered } = process.store.facts;
    const isRemembered = remembered !== undefined && input.atMs < remembered.untilMs;
    const vouchers = [...siblings, ...(isRemembered && process.file !== undefined ? [process.file] : [])];
    // Accepted in the moment a sibling's word was known: it counts as vouched for, which is the harder thing to hold.
    process.wasVouchedFor = vouchers.length > 0;
    process.copies = vouchers.map((voucher) =>
      process.inputs.reduce((copy, known) => reduce(withoutLaterAnswer(copy, known), known, rules).next, voucher.was),
    );
  }
}

/**
 * The voucher may have probed the same node after the newcomer did. Its copy would then ignore the newcomer's answer, and
 * not have the same news. Each process believes its own last answer of a node until its next probe.
 */
function withoutLaterAnswer(copy: TopologyStore, input: Input): TopologyStore {
  if (input.type !== 'reading') return copy;
  const nodes = copy.facts.nodes.map((node) =>
    node.index === input.node ? { ...node, readAtMs: Math.min(node.readAtMs, input.sentAtMs) } : node,
  );
  return { ...copy, facts: { ...copy.facts, nodes } };
}

/** The epoch that a process would start a write on, itself or by forwarding; undefined for none. */
export function writes({ topology }: TopologyStore): string | undefined {
  const { primary: found } = topology;
  if (topology.state !== 'ready' || found === undefined) return undefined;
  const { timeline, server } = found.epoch;
  return `${found.region} ${timeline} ${server ?? ''}`;
}
