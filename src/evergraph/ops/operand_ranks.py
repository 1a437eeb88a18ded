"""Which shapes the arguments of ops must have, as TensorFlow's shape functions and kernels say.

An op stands here with the arguments that its own shape rule leaves to this table: sizes, axes and
other scalars and vectors, of which a kernel would otherwise take any with enough elements.
`name=1` is a vector, `name=0..1` a scalar or a vector, `name=2..` at least a matrix; `a~b` have
one shape.
"""

from __future__ import annotations

from ..core import ranks
from ..core.opdef import lookup

TABLE = """
AddN inputs~
AdjustContrastv2 contrast_factor=0 images=3..
AdjustHue delta=0 images=3..
AdjustSaturation scale=0 images=3..
ApproximateEqual x~y
ArgMax dimension=0
ArgMin dimension=0
AvgPool value=4
AvgPool3D input=5
AvgPool3DGrad orig_input_shape=1 grad=5
AvgPoolGrad orig_input_shape=1 grad=4
BatchMatMul x=2.. y=2..
BatchMatMulV2 x=2.. y=2..
BatchToSpace input=4 crops=2
BatchToSpaceND block_shape=1 crops=2 input=2..
BiasAdd bias=1
BiasAdd value=2..
BiasAddGrad out_backprop=2..
BiasAddV1 bias=1
Bincount size=0
BroadcastArgs s0=1 s1=1
BroadcastGradientArgs s0=1 s1=1
BroadcastTo shape=1
CTCBeamSearchDecoder inputs=3 sequence_length=1
CTCGreedyDecoder inputs=3 sequence_length=1
CTCLoss inputs=3 labels_indices=2 labels_values=1 sequence_length=1
Cholesky input=2..
CompareAndBitpack input=1.. threshold=0
ComputeAccidentalHits true_classes=2 sampled_candidates=1
Concat concat_dim=0
ConcatOffset concat_dim=0 shape=1
ConcatV2 axis=0
ConjugateTranspose perm=1
Conv2D input=4 filter=4
Conv2DBackpropFilter input=4 filter_sizes=1 out_backprop=4
Conv2DBackpropInput input_sizes=1 filter=4 out_backprop=4
Conv3D input=5 filter=5
Conv3DBackpropFilter filter=5
Conv3DBackpropFilterV2 filter_sizes=1
Conv3DBackpropInputV2 input_sizes=1
CropAndResize image=4 boxes=2 box_ind=1 crop_size=1
CropAndResizeGradBoxes grads=4 image=4 boxes=2 box_ind=1
CropAndResizeGradImage grads=4 boxes=2 box_ind=1 image_size=1
Cross a=1.. b=1..
Cumprod axis=0
Cumsum axis=0
CumulativeLogsumexp axis=0
DecodeAndCropJpeg contents=0 crop_window=1
DecodeBmp contents=0
DecodeGif contents=0
DecodeJpeg contents=0
DecodePng contents=0
DecodeWav contents=0
DenseToDenseSetOperation set1=2.. set2=2..
DepthwiseConv2dNative input=4 filter=4
DepthwiseConv2dNativeBackpropFilter filter_sizes=1 input=4 out_backprop=4
DepthwiseConv2dNativeBackpropInput input_sizes=1 filter=4 out_backprop=4
Diag diagonal=1..
DiagPart input=1..
Dilation2D input=4 filter=3
DrawBoundingBoxes images=4 boxes=3
DrawBoundingBoxesV2 images=4 boxes=3 colors=2
EditDistance hypothesis_indices=2 hypothesis_values=1 hypothesis_shape=1
EditDistance truth_indices=2 truth_values=1 truth_shape=1
EluGrad gradients~outputs
Empty shape=1
EncodeWav audio=2 sample_rate=0
ExtractGlimpse input=4 size=1 offsets=2
ExtractImagePatches images=4
ExtractJpegShape contents=0
ExtractVolumePatches input=5
FFT2D input=2..
FFT3D input=3..
FakeQuantWithMinMaxArgsGradient gradients~inputs
FakeQuantWithMinMaxVars min=0 max=0
FakeQuantWithMinMaxVarsGradient gradients~inputs
FakeQuantWithMinMaxVarsGradient min=0 max=0
FakeQuantWithMinMaxVarsPerChannel inputs=1.. min=1 max=1
FakeQuantWithMinMaxVarsPerChannelGradient gradients=1.. inputs=1.. min=1 max=1
FakeQuantWithMinMaxVarsPerChannelGradient gradients~inputs
Fill dims=1 value=0
Fingerprint data=1.. method=0
FractionalAvgPoolGrad orig_input_tensor_shape=1 out_backprop=4
FractionalMaxPoolGrad orig_input=4 orig_output=4 out_backprop=4
FusedBatchNorm x=4 scale=1 offset=1 mean=1 variance=1
FusedBatchNormGrad scale=1 reserve_space_1=1 reserve_space_2=1 y_backprop=4 x=4
FusedBatchNormGradV2 scale=1 reserve_space_1=1 reserve_space_2=1 y_backprop=4 x=4
FusedBatchNormGradV3 scale=1 reserve_space_1=1 reserve_space_2=1 y_backprop=4 x=4
FusedBatchNormV2 x=4 scale=1 offset=1 mean=1 variance=1
FusedBatchNormV3 x=4 scale=1 offset=1 mean=1 variance=1
Gather params=1..
GatherNd indices=1..
GatherNd params=1..
GatherV2 params=1.. axis=0
HistogramFixedWidth value_range=1 nbins=0
IFFT2D input=2..
IFFT3D input=3..
InTopK predictions=2 targets=1
InTopKV2 predictions=2 targets=1 k=0
InvGrad y~dy
InvertPermutation x=1
LRN input=4
LeakyReluGrad gradients~features
LinSpace start=0 stop=0 num=0
ListDiff x=1 y=1
LowerBound sorted_inputs=2 values=2
Lu input=2..
MatMul a=2 b=2
MatrixBandPart input=2.. num_lower=0 num_upper=0
MatrixDeterminant input=2..
MatrixDiag diagonal=1..
MatrixDiagPart input=2..
MatrixDiagPartV2 input=2.. k=0..1 padding_value=0
MatrixDiagV2 diagonal=1.. k=0..1 num_rows=0 num_cols=0 padding_value=0
MatrixExponential input=2..
MatrixInverse input=2..
MatrixLogarithm input=2..
MatrixSetDiag input=2.. diagonal=1..
MatrixSetDiagV2 input=2.. diagonal=1.. k=0..1
MatrixSolve matrix=2.. rhs=2..
MatrixSolveLs l2_regularizer=0
MatrixSquareRoot input=2..
MatrixTriangularSolve matrix=2.. rhs=2..
MaxPool input=4
MaxPool3D input=5
MaxPool3DGrad orig_input=5 orig_output=5 grad=5
MaxPool3DGradGrad orig_input=5 orig_output=5 grad=5
MaxPoolGrad orig_input=4 orig_output=4 grad=4
MaxPoolGradGrad orig_input=4 orig_output=4 grad=4
MaxPoolGradGradV2 orig_input=4 orig_output=4 grad=4
MaxPoolGradGradWithArgmax input=4 grad=4 argmax=4 input~grad
MaxPoolGradV2 orig_input=4 orig_output=4 grad=4
MaxPoolGradWithArgmax input=4 grad=4 argmax=4 grad~argmax
MaxPoolV2 input=4 ksize=1 strides=1
MaxPoolWithArgmax input=4
Mfcc spectrogram=3 sample_rate=0
MirrorPad paddings=2
MirrorPadGrad paddings=2
Multinomial logits=2 num_samples=0
NonMaxSuppression boxes=2 scores=1 max_output_size=0
NonMaxSuppressionV2 boxes=2 scores=1 max_output_size=0 iou_threshold=0
NonMaxSuppressionV3 boxes=2 scores=1 max_output_size=0 iou_threshold=0 score_threshold=0
NonMaxSuppressionV4 boxes=2 scores=1 max_output_size=0 iou_threshold=0 score_threshold=0
NonMaxSuppressionV5 boxes=2 scores=1 max_output_size=0 iou_threshold=0 score_threshold=0
NonMaxSuppressionV5 soft_nms_sigma=0
NonMaxSuppressionWithOverlaps overlap_threshold=0 score_threshold=0
NonMaxSuppressionWithOverlaps overlaps=2 scores=1 max_output_size=0
NthElement input=1.. n=0
OneHot depth=0 on_value=0 off_value=0
Pad paddings=2
PadV2 paddings=2 constant_values=0
ParameterizedTruncatedNormal shape=1 means=0..1 stdevs=0..1 minvals=0..1 maxvals=0..1
ParseExample serialized=1 names=1
ParseSingleExample serialized=0
Qr input=2..
QuantizeAndDequantizeV3 num_bits=0
RandomCrop image=3 size=1
RandomGamma shape=1
RandomPoisson shape=1
RandomPoissonV2 shape=1
RandomStandardNormal shape=1
RandomUniform shape=1
RandomUniformInt shape=1 minval=0 maxval=0
Range start=0 limit=0 delta=0
ReciprocalGrad y~dy
RegexFullMatch pattern=0
RegexReplace pattern=0 rewrite=0
Relu6Grad gradients~features
ReluGrad gradients~features
Reshape shape=1
ResizeArea images=4 size=1
ResizeBicubic images=4 size=1
ResizeBicubicGrad grads=4 original_image=4
ResizeBilinear images=4 size=1
ResizeBilinearGrad grads=4 original_image=4
ResizeNearestNeighbor images=4 size=1
ResizeNearestNeighborGrad grads=4 size=1
Reverse dims=1
ReverseSequence seq_lengths=1
ReverseV2 axis=1
Roll input=1.. shift=0..1 axis=0..1
RsqrtGrad y~dy
SampleDistortedBoundingBox image_size=1 bounding_boxes=3
SampleDistortedBoundingBoxV2 image_size=1 bounding_boxes=3 min_object_covered=0
ScatterNd shape=1 indices=1..
SegmentMax segment_ids=1 data=1..
SegmentMean segment_ids=1 data=1..
SegmentMin segment_ids=1 data=1..
SegmentProd segment_ids=1 data=1..
SegmentSum segment_ids=1 data=1..
SeluGrad gradients~outputs
SerializeManySparse sparse_indices=2 sparse_values=1 sparse_shape=1
SerializeSparse sparse_indices=2 sparse_values=1 sparse_shape=1
ShardedFilename basename=0 shard=0 num_shards=0
ShardedFilespec basename=0 num_shards=0
SigmoidGrad y~dy
Slice begin=1 size=1
SoftmaxCrossEntropyWithLogits features=0..2 labels=0..2
SoftplusGrad gradients~features
SoftsignGrad gradients~features
SpaceToBatch input=4 paddings=2
SpaceToBatchND block_shape=1 paddings=2 input=2..
SparseAdd a_indices=2 a_values=1 a_shape=1 b_indices=2 b_values=1 b_shape=1 thresh=0
SparseAddGrad backprop_val_grad=1 a_indices=2 b_indices=2 sum_indices=2
SparseConcat indices=2 values=1 shapes=1
SparseDenseCwiseAdd sp_indices=2 sp_values=1 sp_shape=1
SparseDenseCwiseDiv sp_indices=2 sp_values=1 sp_shape=1
SparseDenseCwiseMul sp_indices=2 sp_values=1 sp_shape=1
SparseFillEmptyRows indices=2 values=1 dense_shape=1 default_value=0
SparseFillEmptyRowsGrad reverse_index_map=1 grad_values=1
SparseMatMul a=2 b=2
SparseReduceMax input_indices=2 input_values=1 input_shape=1 reduction_axes=0..1
SparseReduceMaxSparse input_indices=2 input_values=1 input_shape=1 reduction_axes=0..1
SparseReduceSum input_indices=2 input_values=1 input_shape=1 reduction_axes=0..1
SparseReduceSumSparse input_indices=2 input_values=1 input_shape=1 reduction_axes=0..1
SparseReorder input_indices=2 input_values=1 input_shape=1
SparseReshape input_indices=2 input_shape=1 new_shape=1
SparseSegmentMean data=1.. indices=1 segment_ids=1
SparseSegmentMeanGrad indices=1 segment_ids=1 output_dim0=0 grad=1..
SparseSegmentMeanWithNumSegments data=1.. indices=1 segment_ids=1 num_segments=0
SparseSegmentSqrtN data=1.. indices=1 segment_ids=1
SparseSegmentSqrtNGrad indices=1 segment_ids=1 output_dim0=0 grad=1..
SparseSegmentSqrtNWithNumSegments data=1.. indices=1 segment_ids=1 num_segments=0
SparseSegmentSum data=1.. indices=1 segment_ids=1
SparseSegmentSumWithNumSegments data=1.. indices=1 segment_ids=1 num_segments=0
SparseSlice indices=2 values=1 shape=1 start=1 size=1
SparseSliceGrad backprop_val_grad=1 input_indices=2 input_start=1 output_indices=2
SparseSoftmax sp_indices=2 sp_values=1 sp_shape=1
SparseSoftmaxCrossEntropyWithLogits features=2 labels=1
SparseSparseMaximum a_indices=2 a_values=1 a_shape=1 b_indices=2 b_values=1 b_shape=1
SparseSparseMinimum a_indices=2 a_values=1 a_shape=1 b_indices=2 b_values=1 b_shape=1
SparseSplit split_dim=0 indices=2 values=1 shape=1
SparseTensorDenseAdd a_indices=2 a_values=1 a_shape=1
SparseTensorDenseMatMul a_indices=2 a_values=1 a_shape=1 b=2
SparseToDense sparse_indices=0..2 output_shape=1 sparse_values=0..1 default_value=0
Split split_dim=0
SplitV size_splits=1
SqrtGrad y~dy
StatelessMultinomial logits=2 num_samples=0 seed=1
StatelessRandomNormal shape=1 seed=1
StatelessRandomUniform shape=1 seed=1
StatelessRandomUniformInt shape=1 seed=1 minval=0 maxval=0
StatelessTruncatedNormal shape=1 seed=1
StridedSlice begin=1 end=1 strides=1
StridedSliceGrad shape=1 begin=1 end=1 strides=1
StringNGrams data=1 data_splits=1
StringSplit input=1 delimiter=0
StringSplitV2 input=1 sep=0
TanhGrad y~dy
TensorStridedSliceUpdate begin=1 end=1 strides=1
Tile multiples=1
TopK input=1..
TopKV2 input=1.. k=0
Transpose perm=1
TruncatedNormal shape=1
Unique x=1
UniqueV2 axis=1
UniqueWithCounts x=1
UniqueWithCountsV2 axis=1
UnravelIndex dims=1
UnravelIndex indices=0..1
UnsortedSegmentMax num_segments=0
UnsortedSegmentMin num_segments=0
UnsortedSegmentProd num_segments=0
UnsortedSegmentSum num_segments=0
UpperBound sorted_inputs=2 values=2
Where input=1..
WriteFile filename=0 contents=0
"""


def declare() -> None:
    """Gives the ops of the table their ranks."""
    for line in TABLE.split("\n"):
        name, _, text = line.partition(" ")
        if name:
            ranks.declare(lookup(name), text)
