output "origins" {
  value       = { for name, region in var.regions : name => "https://${region.host}" }
  description = "The origin of each region, for defineRegions() and regionkit.config."
}

output "forgets_seconds" {
  value       = var.check_interval * var.failure_threshold + (var.apex ? 60 : var.ttl)
  description = "After a region fails its check, this long passes until no resolver leads a client there. Slow checkers and resolvers that ignore the TTL take longer."
}
