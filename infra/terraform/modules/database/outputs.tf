output "arn" {
  value = aws_db_instance.this.arn
}

output "address" {
  value       = aws_db_instance.this.address
  description = "The host of this instance. It belongs to this region: do not put it into a replicated secret."
}

output "id" {
  value       = aws_db_instance.this.id
  description = "It changes if the instance is replaced."
}
