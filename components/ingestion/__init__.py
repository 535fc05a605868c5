"""From TFRecords to what training and evaluation start from: schema, gates, tf.Transform."""
