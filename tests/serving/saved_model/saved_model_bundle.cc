// Prints the posteriors of a photograph by a SavedModel that SavedModelBundle loads, as TF Serving does.
//
//     saved_model_bundle MODEL PHOTOGRAPH
//
// One line for each class, in the model's order.

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tensorflow/cc/saved_model/loader.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/public/session.h"

using tensorflow::Status;
using tensorflow::Tensor;

namespace {

Status Posteriors(const std::string& model, const std::string& image, Tensor* found) {
  tensorflow::SavedModelBundle bundle;
  TF_RETURN_IF_ERROR(tensorflow::LoadSavedModel(tensorflow::SessionOptions(), tensorflow::RunOptions(), model,
                                                {"serve"}, &bundle));
  const auto& signature = bundle.GetSignatures().at("serving_default");
  Tensor images(tensorflow::DT_STRING, tensorflow::TensorShape({1}));
  images.flat<tensorflow::tstring>()(0) = image;
  std::vector<Tensor> outputs;
  TF_RETURN_IF_ERROR(bundle.GetSession()->Run({{signature.inputs().at("image_bytes").name(), images}},
                                              {signature.outputs().at("probabilities").name()}, {}, &outputs));
  *found = outputs[0];
  return tensorflow::OkStatus();
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "usage: saved_model_bundle MODEL PHOTOGRAPH" << std::endl;
    return 2;
  }
  std::ifstream file(words[2], std::ios::binary);
  const std::string image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Tensor posteriors;
  const Status status = Posteriors(words[1], image, &posteriors);
  if (!status.ok()) {
    std::cerr << status.ToString() << std::endl;
    return 1;
  }
  std::cout.precision(9);
  for (tensorflow::int64 index = 0; index < posteriors.NumElements(); ++index) {
    std::cout << posteriors.flat<float>()(index) << "\n";
  }
}
