export { claimEquals, InsufficientScopeError, requiredScopes } from './claim-doors.ts';
export { type DiscoveredIssuer, type DiscoverIssuerOptions, discoverIssuer } from './discover-issuer.ts';
export { DiscoveryError, type DiscoveryReason } from './discovery-error.ts';
