export default {
  serverExternalPackages: ['regionkit', 'pg'],
};
