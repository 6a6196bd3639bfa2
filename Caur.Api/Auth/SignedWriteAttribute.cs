namespace Caur.Api.Auth;

/// <summary>On an endpoint: a write that takes no token, since its sender shows in another way who it is. The endpoint checks that before it
/// does anything.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class SignedWriteAttribute : Attribute;
