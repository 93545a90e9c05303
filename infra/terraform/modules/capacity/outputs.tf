output "tasks" {
  value       = local.tasks
  description = "For each region: min and max of its service."
}

output "wanted" {
  value       = local.wanted
  description = "What each region needs when the largest other one is lost: its own peak and that one's peak."
}
