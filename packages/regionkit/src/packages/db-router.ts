export * from '@regionkit/db-router';
