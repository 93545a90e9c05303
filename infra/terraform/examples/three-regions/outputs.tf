output "origins" {
  value = module.dns.origins
}

output "database_ids" {
  value       = { for name, database in module.database : name => database.id }
  description = "They stay the same through a failover: otherwise an instance was replaced."
}

output "dns_forgets_seconds" {
  value = module.dns.forgets_seconds
}

output "task_policies" {
  value = { for name, service in module.service : name => service.task_policy }
}
