output "arns" {
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
  description = "The ARN of each secret in the region in which it is written. In a replica's region only the region differs."
}

output "names" {
  value = { for name, secret in aws_secretsmanager_secret.this : name => secret.name }
}
