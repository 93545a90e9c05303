output "alb_name" {
  value = aws_lb.this.dns_name
}

output "alb_zone_id" {
  value = aws_lb.this.zone_id
}

output "task_security_group_id" {
  value = aws_security_group.task.id
}

output "stop_timeout_seconds" {
  value       = local.stop_timeout
  description = "When Fargate kills a task that did not leave."
}

output "task_policy" {
  value       = local.task_policy
  description = "What a task may read."
}
