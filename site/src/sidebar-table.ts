/** A page by its path in the repository, or all pages of a folder by `folder/*`. */
export type SidebarEntry = string | { readonly page: string; readonly text: string } | SidebarGroup;

export interface SidebarGroup {
  readonly text: string;
  readonly entries: readonly SidebarEntry[];
  /** Closed until a reader opens it. */
  readonly closed?: true;
}

/**
 * The order in which a stranger needs the pages. A new page is one line here; the text of its entry is the title of the
 * page, unless it has one here. Pages of `reference/` are made by the build.
 */
export const SIDEBAR: readonly SidebarGroup[] = [
  {
    text: 'Start',
    entries: [
      { page: 'README.md', text: 'What it is' },
      'docs/start.md',
      { page: 'packages/regionkit/README.md', text: 'regionkit, the package to start with' },
      'docs/questions.md',
    ],
  },
  { text: 'Concepts', entries: ['docs/concepts.md', 'docs/glossary.md'] },
  {
    text: 'Guides',
    entries: [
      { page: 'docs/guide.md', text: 'An app you already have' },
      'docs/orms.md',
      { page: 'docs/hosts.md', text: 'Hosts of PostgreSQL' },
      'docs/browsers-and-mobile.md',
      'docs/outside-a-request.md',
      'docs/serverless.md',
      'docs/moving.md',
      'docs/regional-state.md',
      'examples/README.md',
    ],
  },
  {
    text: 'Operations',
    entries: [
      'docs/operations.md',
      { page: 'docs/no-primary.md', text: 'It says no-primary' },
      'docs/capacity.md',
      { page: 'packages/ops/README.md', text: 'The command line' },
      { page: 'packages/console/README.md', text: 'The console' },
      'docs/clusters.md',
      {
        text: 'Runbooks',
        closed: true,
        entries: [
          'runbooks/README.md',
          'runbooks/confirm.md',
          'runbooks/failover.md',
          'runbooks/salvage.md',
          'runbooks/rebuild-and-failback.md',
          'runbooks/twin-primaries.md',
          'runbooks/epoch-reset.md',
          'runbooks/communicate.md',
          'runbooks/drain-and-deploy.md',
          'runbooks/scale-up.md',
          'runbooks/add-region.md',
          'runbooks/remove-region.md',
          'runbooks/one-region.md',
          'runbooks/rotate-secrets.md',
          'runbooks/game-day.md',
        ],
      },
      {
        text: 'Infrastructure',
        closed: true,
        entries: [
          'infra/README.md',
          'infra/terraform/README.md',
          'infra/cdk/README.md',
          'infra/gcp.md',
          'infra/pipeline/README.md',
          'infra/pipeline/gitlab.md',
        ],
      },
    ],
  },
  {
    text: 'Reference',
    entries: [
      'docs/errors.md',
      'reference/options.md',
      {
        text: 'Packages',
        closed: true,
        entries: [
          'packages/db-router/README.md',
          'packages/db-router/HTTP.md',
          'packages/db-router/LEDGER.md',
          'packages/db-router/TAIL.md',
          'packages/affinity/README.md',
          'packages/health/README.md',
          'packages/session/README.md',
          'packages/config/README.md',
          'packages/core/README.md',
          'packages/lab/README.md',
        ],
      },
      { text: 'API', closed: true, entries: ['reference/api/*'] },
    ],
  },
  {
    text: 'Guarantees and proof',
    entries: [
      'docs/guarantees.md',
      'docs/proof.md',
      'docs/figures.md',
      { page: 'bench/README.md', text: 'How the figures are measured' },
      'docs/compare.md',
      'docs/consumers.md',
      'docs/coverage.md',
      'SECURITY.md',
      'docs/third-party.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      { text: 'Decisions', closed: true, entries: ['docs/decisions/README.md', 'docs/decisions/*'] },
    ],
  },
];
