import { randomBytes } from 'node:crypto';
import type { DatabaseReport, RegionState, RegionView, RequestView } from '@regionkit/core';
import { unknownRegion } from '@regionkit/core';
import { dropRejection } from '@regionkit/core/kit';
import type { Followed } from '../follow.ts';
import type { Neighbour, Relative } from '../verdict/guard.ts';
import type { HealthVerdict } from '../verdict/judge.ts';
import { type SecretMarks, seal } from './document.ts';
import type { CheckedPeersOptions } from './options.ts';
import { createPeers, type PeersHooks, type RefusedQuestion } from './peers.ts';
import { createView, ownState, sameEpoch } from './view.ts';

/** This region and the others: what it reports to them, what it knows of them, and when to ask them. */
export interface PeerStates<Name extends string> {
  readonly view: RegionView<Name>;
  /** The other regions, in the form that the guard uses. */
  neighbours(): readonly Neighbour[];
  /**
   * Whether this process is not certain of the primary, while another process of the region is, or while it is not yet
   * known whether one is. It stays false once it was false for a followed router.
   */
  isUnconfirmed(): boolean;
  /** The state of this region may have changed. Notifies the subscribers of the view. */
  tell(): void;
  /** As `tell()`, and informs the other regions at once. */
  announce(): void;
  /** Reads this region's own database report, and asks the regions that are due. */
  tick(): void;
  wake(): void;
  /** From now on `router` provides the report, and decides when it is urgent. */
  follow(router: Followed): void;
  forget(): void;
  /** Returns the document for `request`, or why there is none. Undefined without peers. */
  document(request: RequestView): { readonly body: string } | RefusedQuestion | undefined;
  close(): void;
}

export interface PeerStatesOptions<Name extends string>
  extends Omit<PeersHooks<Name>, 'onChange' | 'onDocument' | 'process'> {
  readonly peers: CheckedPeersOptions<Name> | undefined;
  /** Called before each read from memory. */
  noticeJump(): void;
  verdict(): HealthVerdict;
  relative(): Relative;
  /** A region asked, but this one has no peers. */
  onUnasked(): void;
  /** A region's secret for that use differs from this region's. */
  onOtherSecret(region: string, use: string): void;
}

export function createPeerStates<Name extends string>(options: PeerStatesOptions<Name>): PeerStates<Name> {
  const { regions, clock, noticeJump, verdict, relative, onUnasked, onOtherSecret } = options;
  const process = randomBytes(16).toString('base64url');
  let followed: Followed | undefined;
  const self = regions.get(regions.self) ?? { name: regions.self, origin: '' };
  const peers =
    options.peers &&
    createPeers(options.peers, {
      ...options,
      process,
      // Without a router nothing waits for it, and an app that is still set up is not judged.
      onChange: (name) => {
        if (name !== self.name || followed !== undefined) tell(name);
      },
      onDocument: ({ region, secrets = {} }) => {
        for (const use of differing(secretsWith(region) ?? {}, secrets)) onOtherSecret(region, use);
      },
    });

  const secretsWith = (peer: string): SecretMarks | undefined => {
    try {
      return dropRejection(followed?.secrets?.(peer));
    } catch {
      return undefined;
    }
  };
  const report = (): DatabaseReport | undefined => {
    try {
      return dropRejection(followed?.topology())?.local;
    } catch {
      return undefined;
    }
  };
  const look = (name: Name): RegionState<Name> => {
    noticeJump();
    if (name === self.name) return { ...ownState(self, verdict(), report(), clock.now()), ...peers?.own() };
    if (peers === undefined) onUnasked();
    return peers?.get(name) ?? unknownRegion(regions.get(name) ?? { name, origin: '' });
  };
  const { view, tell } = createView(regions, look);

  const isReady = (): boolean => {
    try {
      return dropRejection(followed?.topology())?.state === 'ready';
    } catch {
      return false;
    }
  };
  /** One that was ready stays so: it serves reads, whatever becomes of the primary. */
  let confirmed = false;
  let known = report();
  const isUrgent = (): boolean => {
    if (relative() !== 'in' || isPausing(known)) return true;
    try {
      const state = dropRejection(followed?.topology())?.state;
      if (state !== undefined && state !== 'ready') return true;
    } catch {
      return true;
    }
    if (followed === undefined || known?.role === 'primary') return false;
    return regions.list.every(({ name }) => peers?.get(name)?.primary === undefined);
  };

  return {
    view,
    neighbours: () => peers?.neighbours() ?? [],
    isUnconfirmed: () => {
      if (confirmed || peers === undefined || followed === undefined) return false;
      const { asked, siblings } = peers.own();
      const isAccepted = ({ acceptedForMs }: DatabaseReport): boolean => acceptedForMs !== undefined;
      confirmed =
        isReady() ||
        isAccepted(report() ?? NOTHING) ||
        (asked && !siblings.some(({ database }) => isAccepted(database)));
      return !confirmed;
    },
    tell: () => tell(self.name),
    announce: () => {
      tell(self.name);
      peers?.announce();
    },
    tick: () => {
      const latest = report();
      const isOther = latest?.role !== known?.role || !sameEpoch(latest?.epoch, known?.epoch);
      if (isOther || latest?.pause?.id !== known?.pause?.id || isPausing(latest) !== isPausing(known))
        peers?.announce();
      known = latest;
      peers?.tick(isUrgent(), isPausing(known));
    },
    wake: () => {
      noticeJump();
      peers?.wake();
    },
    follow: (router) => {
      followed = router;
    },
    forget: () => peers?.forget(),
    document: (request) => {
      const asked = peers?.question(request);
      if (peers === undefined || asked === undefined) return undefined;
      if ('refusal' in asked) return asked;
      const { question, keyring } = asked;
      // Before the question that may follow: its answer would be thrown away.
      noticeJump();
      if (question.news) peers.heardFrom(question.from);
      const { accept, reads, writes } = verdict();
      const isOwn = question.from === self.name;
      const secrets = isOwn ? undefined : secretsWith(question.from);
      const document = { region: self.name, process, accept, reads, writes, relative: relative() };
      const database = isOwn ? report() : withoutVouch(report());
      const more = { ...(database && { database }), ...(secrets && { secrets }) };
      return { body: seal({ ...document, ...more }, question.nonce, keyring) };
    },
    close: () => peers?.close(),
  };
}

/** Whether this process holds new writes because of a pause. */
function isPausing(report: DatabaseReport | undefined): boolean {
  return (report?.pause?.leftMs ?? 0) > 0;
}

const NOTHING: DatabaseReport = { role: 'unknown', forks: [] };

/** What a process vouches for is for its own region alone. */
function withoutVouch(report: DatabaseReport | undefined): DatabaseReport | undefined {
  if (report?.vouches === undefined) return report;
  const { vouches, ...rest } = report;
  return rest;
}

/** The uses for which two regions have secrets but none in common. During a rotation they share another one. */
function differing(own: SecretMarks, other: SecretMarks): readonly string[] {
  return Object.keys(own).filter((use) => {
    const marks = Object.hasOwn(other, use) ? other[use] : undefined;
    return marks !== undefined && own[use]?.some((mark) => marks.includes(mark)) === false;
  });
}
