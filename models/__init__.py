"""What is benchmarked: architectures as TensorFlow graphs, and their TFLite files."""
