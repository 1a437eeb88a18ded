"""A TensorFlow 1 program: a two-layer network learns handwritten digits.

    evergraph run examples/digits.py

The 1,797 digits of 8x8 pixels ship with scikit-learn. Prints the accuracy on digits that the
network never saw and draws its loss to digits-loss.png.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

STEPS, BATCH, HIDDEN = 600, 64, 64
PLOT = "digits-loss.png"

tf.set_random_seed(231)
np.random.seed(231)

digits = load_digits()
images, test_images, labels, test_labels = train_test_split(
    (digits.data / 16.0).astype(np.float32), digits.target, test_size=0.25, random_state=231
)

x = tf.placeholder(tf.float32, [None, 64], name="images")
y = tf.placeholder(tf.int64, [None], name="labels")

with tf.variable_scope("network"):
    hidden = tf.layers.dense(x, HIDDEN, activation=tf.nn.relu, name="hidden")
    logits = tf.layers.dense(hidden, 10, name="logits")

loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
step = tf.train.get_or_create_global_step()
train = tf.train.AdamOptimizer(0.005).minimize(loss, global_step=step)

losses = []
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in track(range(STEPS), description="training"):
        batch = np.random.randint(0, len(images), BATCH)
        value, _ = sess.run([loss, train], feed_dict={x: images[batch], y: labels[batch]})
        losses.append(value)
    result = sess.run([accuracy, step], feed_dict={x: test_images, y: test_labels})

print(f"steps: {result[1]}   loss: {losses[0]:.4f} -> {np.mean(losses[-20:]):.4f}")
print(f"test accuracy: {result[0]:.4f} on {len(test_images)} digits")

plt.figure(figsize=(7, 4))
plt.semilogy(losses, linewidth=0.8, alpha=0.5, label="of each batch")
plt.semilogy(range(19, STEPS), np.convolve(losses, np.ones(20) / 20, "valid"), label="mean of 20")
plt.xlabel("step")
plt.ylabel("cross entropy")
plt.title(f"Two layers learn 8x8 digits: {result[0]:.1%} of unseen ones right")
plt.legend()
plt.tight_layout()
plt.savefig(PLOT, dpi=120)
print("loss curve: " + PLOT)
