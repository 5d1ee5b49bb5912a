"""The domain of mbert-bench and its flow: plan, execution, evidence, statistics, claims."""
